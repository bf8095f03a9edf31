import type { HubSealer } from './hub-sealer.ts';
import type { Sealed } from './partition-sealer.ts';

/**
 * Seals the tails of every partition of every hub. One that fails does not hold the others back; all failures are thrown
 * together in the end, so that the run counts as failed and the alert fires.
 */
export async function sealAllTails(sealers: Readonly<Record<string, HubSealer>>): Promise<readonly Sealed[]> {
  const errors: unknown[] = [];
  const sealed: Sealed[] = [];
  for (const [hub, sealer] of Object.entries(sealers)) {
    try {
      const tails = await sealer.sealTails();
      sealed.push(...tails.sealed);
      errors.push(...tails.errors);
    } catch (cause) {
      errors.push(new Error(`The partitions of hub ${hub} cannot be listed.`, { cause }));
    }
  }
  if (errors.length > 0) {
    const reasons = errors.map((error) => (error instanceof Error ? error.message : String(error)));
    throw new AggregateError(errors, `${errors.length} tails were not sealed: ${reasons.join(' ')}`);
  }
  return sealed;
}
