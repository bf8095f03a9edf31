import { app } from '@azure/functions';

import { ACTIVITY_LOG, pollTable } from '../../shared/collect/poll-table.ts';
import { composePolling } from '../../shared/compose.ts';

app.timer('reconcile-azure-activity', {
  schedule: '1 */5 * * * *',
  handler: async () => {
    await pollTable(await composePolling(), ACTIVITY_LOG);
  },
});
