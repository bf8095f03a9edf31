import { app } from '@azure/functions';

import { observeAzureActivity } from '../../shared/collect/azure-activity.ts';
import { composePublishing } from '../../shared/compose.ts';

app.eventGrid('observe-azure-activity', {
  handler: async (event) => observeAzureActivity(await composePublishing('observe'), event),
});
