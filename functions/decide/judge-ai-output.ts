import { app } from '@azure/functions';

import { judgeAiOutput } from '../../shared/collect/verdicts.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('judge-ai-output', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'ai-outputs/{id}/verdicts',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('decide'), judgeAiOutput),
});
