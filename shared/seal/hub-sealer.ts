import { SealError } from '../errors.ts';
import { findPartition, toTriggerBatch } from './event-hub-trigger.ts';
import { PartitionSealer } from './partition-sealer.ts';
import type { SealDeps, Sealed } from './partition-sealer.ts';

/** The partitions of one hub, each sealed by one {@link PartitionSealer} that remembers where its log stands. */
export class HubSealer {
  readonly #deps: SealDeps;
  readonly #sealers = new Map<string, PartitionSealer>();

  constructor(deps: SealDeps) {
    this.#deps = deps;
  }

  #sealer(partition: string): PartitionSealer {
    let sealer = this.#sealers.get(partition);
    if (sealer === undefined) {
      sealer = new PartitionSealer(this.#deps, partition);
      this.#sealers.set(partition, sealer);
    }
    return sealer;
  }

  /**
   * Seals what an Event Hubs trigger hands over: its bodies and `context.triggerMetadata`. Where these do not fit together,
   * everything unsealed of the partition is read from the hub. Throws SealError, StoreError.
   */
  async sealTrigger(bodies: unknown, metadata: unknown): Promise<Sealed> {
    const batch = toTriggerBatch(bodies, metadata);
    const partition = batch?.partition ?? findPartition(metadata);
    if (partition === undefined) {
      throw new SealError(
        'hubIncomplete',
        'The trigger does not say which partition its messages are of. Nothing is lost: seal-tail reads them from the hub.',
      );
    }
    return this.#sealer(partition).sealBatch(batch?.messages);
  }

  /** For every partition: see {@link PartitionSealer.sealTail}. A partition that fails does not hold the others back. */
  async sealTails(): Promise<{ sealed: Sealed[]; errors: unknown[] }> {
    const { partitions } = await this.#deps.hub.properties();
    const results = await Promise.allSettled(partitions.map((partition) => this.#sealer(partition).sealTail()));
    const sealed: Sealed[] = [];
    const errors: unknown[] = [];
    for (const result of results) {
      if (result.status === 'fulfilled') sealed.push(result.value);
      else errors.push(result.reason);
    }
    return { sealed, errors };
  }
}
