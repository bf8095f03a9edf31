import { app } from '@azure/functions';

import { composeApprovals } from '../../shared/compose.ts';
import { answerRead } from '../../shared/report/http.ts';
import { readApproval } from '../../shared/report/read-approval.ts';

app.http('read-approval', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'approvals/{id}',
  handler: (request, context) => answerRead(request, context, composeApprovals, readApproval),
});
