import { app } from '@azure/functions';

import { revokeStep } from '../../shared/collect/approvals.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('revoke-step', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'approvals/{id}/revocations',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('decide'), revokeStep),
});
