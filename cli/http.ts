import { CliError } from './cli-error.ts';

/** Milliseconds; a function app that was asleep takes some seconds. */
const DEADLINE = 60_000;

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Throws CliError where nobody answers. */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): Promise<HttpAnswer> {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(DEADLINE) });
    return { status: answer.status, body: await answer.text() };
  } catch (cause) {
    throw new CliError(`${new URL(url).origin} does not answer: is it running?`, { cause });
  }
}
