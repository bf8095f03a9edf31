import { app } from '@azure/functions';

import { requestApproval } from '../../shared/collect/approvals.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('request-approval', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'approvals',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('decide'), requestApproval),
});
