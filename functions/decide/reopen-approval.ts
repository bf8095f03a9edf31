import { app } from '@azure/functions';

import { reopenApproval } from '../../shared/collect/approvals.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('reopen-approval', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'approvals/{id}/reopening',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('decide'), reopenApproval),
});
