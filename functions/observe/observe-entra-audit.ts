import { app } from '@azure/functions';

import { ENTRA_AUDIT, pollTable } from '../../shared/collect/poll-table.ts';
import { composePolling } from '../../shared/compose.ts';

app.timer('observe-entra-audit', {
  schedule: '0 */5 * * * *',
  handler: async () => {
    await pollTable(await composePolling(), ENTRA_AUDIT);
  },
});
