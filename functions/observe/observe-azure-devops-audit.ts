import { app } from '@azure/functions';

import { observeAzureDevopsAudit } from '../../shared/collect/azure-devops-audit.ts';
import { composePublishing } from '../../shared/compose.ts';

app.eventGrid('observe-azure-devops-audit', {
  handler: async (event) => observeAzureDevopsAudit(await composePublishing('observe'), event),
});
