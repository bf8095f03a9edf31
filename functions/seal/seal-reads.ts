import { app } from '@azure/functions';

import { composeSealing } from '../../shared/compose.ts';
import { hubTrigger } from '../../shared/seal/hub-trigger-options.ts';

app.eventHub('seal-reads', {
  ...hubTrigger('reads'),
  handler: async (bodies, context) => {
    const { reads: sealer } = await composeSealing();
    context.info(JSON.stringify(await sealer.sealTrigger(bodies, context.triggerMetadata)));
  },
});
