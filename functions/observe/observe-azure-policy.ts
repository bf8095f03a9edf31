import { app } from '@azure/functions';

import { observeAzurePolicy } from '../../shared/collect/azure-policy.ts';
import { composePublishing } from '../../shared/compose.ts';

app.eventGrid('observe-azure-policy', {
  handler: async (event) => observeAzurePolicy(await composePublishing('observe'), event),
});
