import { app } from '@azure/functions';

import { composeSealing } from '../../shared/compose.ts';
import { hubTrigger } from '../../shared/seal/hub-trigger-options.ts';

app.eventHub('seal-azure', {
  ...hubTrigger('azure'),
  handler: async (bodies, context) => {
    const { azure: sealer } = await composeSealing();
    context.info(JSON.stringify(await sealer.sealTrigger(bodies, context.triggerMetadata)));
  },
});
