/** Does the work once; what it returns is not looked at. */
export type Work = () => unknown;

/** Milliseconds: `cpu` of the whole process, its threads included, or `wall`. */
export type Clock = 'cpu' | 'wall';

/** Milliseconds in which V8 optimizes what runs hot: the threads that compile would count as the work's. */
const WARM_UP = 1_000;

/**
 * Runs the works in turn, A B A B …, so that whatever else the machine does meanwhile weighs on all of them alike. Rounds of
 * the first second are not counted, one at least. Returns milliseconds, a list of rounds for each work.
 */
export async function interleave<Name extends string>(
  rounds: number,
  clock: Clock,
  works: Readonly<Record<Name, Work>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(works) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  const warm = performance.now() + WARM_UP;
  do {
    for (const name of names) await works[name]();
  } while (performance.now() < warm);
  for (let round = 0; round < rounds; round++) {
    for (const name of names) times[name].push(await timed(clock, works[name]));
  }
  return times;
}

async function timed(clock: Clock, work: Work): Promise<number> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  if (clock === 'wall') return performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1_000;
}

/** The median of the rounds' ratios: a round that was disturbed disturbs one of them. */
export function medianRatio(dividends: readonly number[], divisors: readonly number[]): number {
  return median(dividends.map((dividend, i) => dividend / (divisors[i] as number)));
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('Nothing was measured.');
  return middle;
}
