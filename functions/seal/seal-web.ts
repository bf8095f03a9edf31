import { app } from '@azure/functions';

import { composeSealing } from '../../shared/compose.ts';
import { hubTrigger } from '../../shared/seal/hub-trigger-options.ts';

app.eventHub('seal-web', {
  ...hubTrigger('web'),
  handler: async (bodies, context) => {
    const { web: sealer } = await composeSealing();
    context.info(JSON.stringify(await sealer.sealTrigger(bodies, context.triggerMetadata)));
  },
});
