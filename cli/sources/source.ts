/** What docs/sources.md says of a source beside what the code shows by itself. */
export interface SourceDescription {
  readonly authenticated: string;
  readonly intro: string;
  /** Member of the record to what fills it. */
  readonly fills: ReadonlyMap<string, string>;
  /** Name in `data.details` to its meaning. */
  readonly details: ReadonlyMap<string, string>;
}

/** The message of a source that is not GitHub: the envelope's members that its normalizer looks at, and a body. */
export interface SampleMessage {
  readonly source: string;
  readonly event: string;
  readonly subject?: string;
  readonly claims?: Readonly<Record<string, string | string[]>>;
  readonly body: unknown;
}
