import type { Measurement } from './bench.ts';

/** A line for each number, and below it what was divided by what, and the numbers behind it. */
export function formatTable(measurements: readonly Measurement[]): string {
  const width = Math.max(...measurements.map(({ name }) => name.length));
  const lines = measurements.flatMap(({ name, ratio, target, divides, absolute }) => {
    const wanted = target === undefined ? '' : `≥ ${target}${ratio >= target ? '' : '  missed'}`;
    const numbers = Object.entries(absolute).map(([unit, number]) => `${unit} ${formatNumber(number)}`);
    const indent = ' '.repeat(4);
    return [
      `${name.padEnd(width)}  ${formatNumber(ratio).padStart(9)}  ${wanted}`.trimEnd(),
      `${indent}${divides}`,
      `${indent}${numbers.join(' · ')}`,
    ];
  });
  return `${'name'.padEnd(width)}  ${'ratio'.padStart(9)}  target\n${lines.join('\n')}`;
}

/** Three digits that say something. */
function formatNumber(number: number): string {
  const digits = number >= 100 ? 0 : number >= 10 ? 1 : number >= 1 ? 2 : 3;
  return number.toFixed(digits).replaceAll(/\B(?=(?:\d{3})+$)/g, number >= 1_000 ? ',' : '');
}
