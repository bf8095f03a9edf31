/**
 * Every error this project throws on purpose. One class per audience; each `code` is a closed union, so that callers
 * switch on it and the compiler finds the forgotten case. Foreign errors are translated once, in `azure/`, keeping `cause`.
 */

/** Bytes that are not in the one form a format allows. Audience: whoever parses untrusted bytes (verifier, sealer). */
export type FormatErrorCode =
  | 'json'
  | 'timestamp'
  | 'record'
  | 'recordTooLarge'
  | 'envelope'
  | 'logName'
  | 'proof'
  | 'note'
  | 'noteKey'
  | 'checkpoint'
  | 'signature'
  | 'frame'
  | 'frameTooLarge'
  | 'segment'
  | 'configuration';

export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: FormatErrorCode;
  constructor(code: FormatErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A request that is refused. Audience: the caller over HTTP; `message` is the one line it gets. */
export type RequestErrorCode =
  | 'signatureMissing'
  | 'signatureWrong'
  | 'passwordMissing'
  | 'passwordWrong'
  | 'tokenMissing'
  | 'tokenInvalid'
  | 'roleMissing'
  | 'badRequest'
  | 'lengthMissing'
  | 'bodyTooLarge'
  | 'notFound'
  | 'unavailable';

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: RequestErrorCode;
  constructor(code: RequestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What a port reports when its backend fails. Audience: the stage that called the port. */
export type StoreErrorCode =
  /** The backend said no, or said nothing, for now: the same call may go through later. Whether it took effect is unknown. */
  | 'unavailable'
  /** The identity may not do this. Not retried: an operator has to grant the role. */
  | 'forbidden'
  /** The thing is larger than the backend takes. */
  | 'tooLarge'
  /** The backend answered something that its protocol does not allow. */
  | 'unexpected';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A partition whose log cannot go on. Audience: the operator; nothing is sealed until it is solved. */
export type SealErrorCode =
  /** A blob that is not a valid successor lies where the next segment belongs. */
  | 'foreignBlob'
  /** The head of the log does not verify. */
  | 'badHead'
  /** Sequence numbers were used again although the hub was not created anew. */
  | 'sequenceReused'
  /** The hub no longer answers what lies in a hole; nothing can be sealed until it does. */
  | 'hubIncomplete'
  /** This process runs with an older configuration than the log has adopted. */
  | 'configurationRolledBack'
  /** The key that the head announced cannot be used. */
  | 'keyUnavailable'
  /** A successor generation exists: this log must not grow any more. */
  | 'superseded';

export class SealError extends Error {
  override readonly name = 'SealError';
  readonly code: SealErrorCode;
  constructor(code: SealErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Settings or `indelible.yaml` that cannot be used. Audience: the engineer who deploys; thrown at start. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
