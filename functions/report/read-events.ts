import { app } from '@azure/functions';

import { composeReport } from '../../shared/compose.ts';
import { answerRead } from '../../shared/report/http.ts';
import { readEvents } from '../../shared/report/read-events.ts';

app.http('read-events', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'events',
  handler: (request, context) => answerRead(request, context, composeReport, readEvents),
});
