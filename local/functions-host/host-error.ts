/** What keeps a host from starting. Audience: the engineer who starts it. */
export type HostErrorCode =
  /** host.json, or a start option, cannot be used. */
  | 'options'
  /** An app setting that a binding names is missing or cannot be used. */
  | 'setting'
  /** A file with functions threw while it was loaded. */
  | 'entryPoint'
  /** A function was registered in a way that the real host, or this one, does not run. */
  | 'registration';

export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  constructor(code: HostErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The text of whatever was thrown: code may throw anything. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
