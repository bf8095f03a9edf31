/** One number of a bench. */
export interface Measurement {
  /** What was measured. */
  readonly name: string;
  readonly ratio: number;
  /** The least that `ratio` should be; absent where none is set. */
  readonly target?: number;
  /** What is divided by what. */
  readonly divides: string;
  /** The numbers behind it, by a name that says their unit. */
  readonly absolute: Readonly<Record<string, number>>;
}

export interface BenchOptions {
  /** Small sizes: that it runs and is right, not how fast. */
  readonly quick: boolean;
}

/** Throws where what it measures does not come out right. */
export type Bench = (options: BenchOptions) => Promise<readonly Measurement[]>;
