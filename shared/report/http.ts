import { answerTo } from '../collect/http.ts';
import { RequestError } from '../errors.ts';
import { describeError } from '../publish/telemetry.ts';
import type { Telemetry } from '../publish/telemetry.ts';

/** What the host sends back as JSON. */
export interface ReportAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly jsonBody: object;
}

/**
 * What all reading HTTP functions share: the app's dependencies, and every error as a status with one line that says why;
 * 503 for what nobody foresaw. Answers are never kept by a cache: the next reader would leave no trace. Never rejects.
 */
export async function answerRead<Request, App extends { readonly app: string; readonly telemetry: Telemetry }>(
  request: Request,
  context: { error(line: string): void },
  compose: () => Promise<App>,
  handle: (app: App, request: Request) => Promise<object>,
): Promise<ReportAnswer> {
  let app: App | undefined;
  try {
    app = await compose();
    return { status: 200, headers: { 'Cache-Control': 'no-store' }, jsonBody: await handle(app, request) };
  } catch (error) {
    const refusal =
      error instanceof RequestError
        ? error
        : new RequestError('unavailable', 'The question could not be answered. Ask again later.', { cause: error });
    if (refusal.code === 'unavailable') context.error(`A question was not answered. ${describeError(error)}`);
    app?.telemetry.count('refused', { app: app.app, reason: refusal.code });
    return answerTo(refusal);
  }
}
