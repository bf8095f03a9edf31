import { app } from '@azure/functions';

import { verifyLogic } from '../../shared/collect/verdicts.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('verify-logic', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'logic/{sha256}/verifications',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('decide'), verifyLogic),
});
