import { app } from '@azure/functions';

import { DEVOPS_AUDIT, pollTable } from '../../shared/collect/poll-table.ts';
import { composePolling } from '../../shared/compose.ts';

app.timer('reconcile-azure-devops-audit', {
  schedule: '2 */5 * * * *',
  handler: async () => {
    await pollTable(await composePolling(), DEVOPS_AUDIT);
  },
});
