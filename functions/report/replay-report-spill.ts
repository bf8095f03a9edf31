import { app } from '@azure/functions';

import { composePublishing } from '../../shared/compose.ts';
import { replaySpill } from '../../shared/publish/replay-spill.ts';

app.timer('replay-report-spill', {
  schedule: '0 * * * * *',
  handler: async () => {
    await replaySpill(await composePublishing('report'));
  },
});
