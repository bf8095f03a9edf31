import { app } from '@azure/functions';

import { castVote } from '../../shared/collect/approvals.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('cast-vote', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'approvals/{id}/votes',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('decide'), castVote),
});
