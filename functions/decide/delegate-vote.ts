import { app } from '@azure/functions';

import { delegateVote } from '../../shared/collect/approvals.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('delegate-vote', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'approvals/{id}/delegations',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('decide'), delegateVote),
});
