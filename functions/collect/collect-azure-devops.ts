import { app } from '@azure/functions';

import { collectAzureDevops } from '../../shared/collect/azure-devops.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('collect-azure-devops', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'collect/azure-devops',
  handler: (request, context) =>
    answerRequest(request, context, () => composePublishing('collect'), collectAzureDevops),
});
