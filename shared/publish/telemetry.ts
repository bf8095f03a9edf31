/**
 * Port: what operators see of a publishing app. Neither method throws or waits. No token, password, connection string or
 * body may reach a line or a dimension.
 */
export interface Telemetry {
  /**
   * Adds one. `refused`: a request was answered with an error; `spilled`: the hub did not take a message, the spill did;
   * `replayed`: the hub took it later; `replayFailed`: it still did not; `corruptSpill`: a spilled request is not readable.
   */
  count(
    name: 'refused' | 'spilled' | 'replayed' | 'replayFailed' | 'corruptSpill',
    dimensions: Readonly<Record<string, string>>,
  ): void;
  log(level: 'warning' | 'error', line: string): void;
}

/** An error and what caused it on one line, for {@link Telemetry.log}: names and messages, no stack and no payload. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current instanceof Error && parts.length < 4; current = current.cause) {
    parts.push(`${current.name}: ${current.message.slice(0, 500)}`);
  }
  return (parts.length === 0 ? 'something that is no Error was thrown' : parts.join(' <- ')).replaceAll(/\s+/g, ' ');
}
