/** Where a command reads from and writes to, so that tests can stand in for the process. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** True where a person watches standard error: then progress is shown on it. */
  readonly isWatched: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function processTerminal(): Terminal {
  // `indelible … | head` ends the pipe early; that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isWatched: process.stderr.isTTY,
    now: Date.now,
  };
}

/** Milliseconds between two lines of progress. */
const PROGRESS_PAUSE = 100;

/** What one run of a command says: lines for people, or one JSON object. */
export class Output {
  readonly isJson: boolean;
  readonly #terminal: Terminal;
  #shownAt = -Infinity;

  constructor(terminal: Terminal, isJson: boolean) {
    this.#terminal = terminal;
    this.isJson = isJson;
  }

  /** For people: a line on standard output. Blob names and messages may come from whoever could write a blob. */
  line(text: string): void {
    if (this.isJson) return;
    this.clear();
    this.#terminal.out(`${printable(text)}\n`);
  }

  /** For programs: the one object. */
  result(value: object): void {
    if (this.isJson) this.#terminal.out(`${JSON.stringify(value)}\n`);
  }

  /** The answer as it is, whatever is asked for: a token, a proof. */
  raw(text: string): void {
    this.clear();
    this.#terminal.out(text);
  }

  /** Replaces the line before it; only where somebody watches. */
  progress(text: () => string): void {
    const now = this.#terminal.now();
    if (!this.#terminal.isWatched || now - this.#shownAt < PROGRESS_PAUSE) return;
    this.#shownAt = now;
    this.#terminal.err(`\r\u001b[2K${printable(text())}`);
  }

  clear(): void {
    if (this.#shownAt === -Infinity) return;
    this.#shownAt = -Infinity;
    this.#terminal.err('\r\u001b[2K');
  }

  /** For people, beside an answer that goes to a file. */
  note(text: string): void {
    this.clear();
    this.#terminal.err(`note: ${printable(text)}\n`);
  }

  error(text: string): void {
    this.clear();
    this.#terminal.err(`indelible: ${printable(text)}\n`);
    this.result({ error: text });
  }
}

/** Control characters could move the cursor and rewrite what was said before. */
function printable(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
