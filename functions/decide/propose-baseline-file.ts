import { app } from '@azure/functions';

import { proposeBaselineFile } from '../../shared/collect/baseline.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import { composePublishing } from '../../shared/compose.ts';

app.http('propose-baseline-file', {
  methods: ['PUT'],
  authLevel: 'anonymous',
  route: 'baseline/{project}/{file}',
  handler: (request, context) =>
    answerRequest(request, context, () => composePublishing('decide'), proposeBaselineFile),
});
