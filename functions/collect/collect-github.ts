import { app } from '@azure/functions';

import { collectGithub } from '../../shared/collect/github.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('collect-github', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'collect/github',
  handler: (request, context) => answerRequest(request, context, () => composePublishing('collect'), collectGithub),
});
