import { z } from 'zod';

const entrySchema = z.object({
  level: z.enum(['error', 'critical']),
  category: z.string().regex(/^Function\.[\w-]+$/),
  message: z.string(),
});

/** Said, and not said again; with that many something is wrong that one more line does not help with. */
const MOST = 50;

/**
 * Finds in the logs of function apps what somebody has to know and would not see: that a function fails, each reason once. The
 * sealer above all: nobody waits for its answer.
 */
export class Problems {
  readonly #tell: (text: string) => void;
  readonly #said: string[] = [];

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** `line`: of a log. `log`: its file. */
  take(line: string, log: string): void {
    const found = parse(line);
    if (found === undefined || this.#said.length >= MOST) return;
    // `seal-tail` says again, in one line, what the triggers of several partitions have said.
    const rest = this.#said.reduce((text, each) => text.replaceAll(each, ''), found.why).trim();
    if (rest === '' || this.#said.some((each) => each.includes(found.why))) return;
    this.#said.push(found.why);
    this.#tell(`WARNING: ${found.name} failed: ${found.why} (${log})`);
  }
}

function parse(line: string): { readonly name: string; readonly why: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // what a runtime prints on its own
  }
  const entry = entrySchema.safeParse(value);
  if (!entry.success) return undefined;
  const { category, message } = entry.data;
  const [said = ''] = message.replace(/^failed in [^:]*: /, '').split('\n    at ');
  const why = said.replace(/^\w*Error: /, '').replace(/^\d+ tails were not sealed: /, '');
  return { name: category.replace('Function.', ''), why: why.replaceAll(/\s+/g, ' ').trim() };
}
