import { app } from '@azure/functions';

import { withdrawApproval } from '../../shared/collect/approvals.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('withdraw-approval', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'approvals/{id}/withdrawal',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('decide'), withdrawApproval),
});
