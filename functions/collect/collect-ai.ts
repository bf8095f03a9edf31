import { app } from '@azure/functions';

import { collectAi } from '../../shared/collect/ai.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('collect-ai', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'collect/ai',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('collect'), collectAi),
});
