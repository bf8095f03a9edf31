import { app } from '@azure/functions';

import { composeSealing } from '../../shared/compose.ts';
import { sealAllTails } from '../../shared/seal/seal-all-tails.ts';

app.timer('seal-tail', {
  schedule: '30 * * * * *',
  handler: async (_timer, context) => {
    context.info(JSON.stringify(await sealAllTails(await composeSealing())));
  },
});
