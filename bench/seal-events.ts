import { join } from 'node:path';

import { toAdoptable } from '../shared/authorize/adoptable.ts';
import { judgeAuthority } from '../shared/authorize/authority.ts';
import { loadHistory } from '../shared/authorize/history.ts';
import { normalizeMessage } from '../shared/normalize/normalize-message.ts';
import type { HubMessage } from '../shared/seal/hub-message.ts';
import type { ImmutableStore } from '../shared/seal/immutable-store.ts';
import type { NormalizedMessage } from '../shared/seal/normalized-message.ts';
import { PartitionSealer } from '../shared/seal/partition-sealer.ts';
import type { SealDeps, SealingConfiguration } from '../shared/seal/partition-sealer.ts';
import type { RawMessage } from '../shared/seal/raw-body.ts';
import type { Signer } from '../shared/seal/signer.ts';
import { MemoryHub } from '../test/fakes/memory-hub.ts';

/** The sealer as the app `seal` composes it, with stores of the bench's choice. */

export const TRAIL_NAME = 'audit.example/trail';
const PARTITION = '0';

export interface SealingStores {
  readonly trail: ImmutableStore;
  readonly evidence: ImmutableStore;
  readonly signer: Signer;
  /** Without: no rows. */
  readonly tabulate?: SealDeps['tabulate'];
  /** {@link normalizeRaw}, unless given. */
  readonly normalize?: (raw: RawMessage) => NormalizedMessage;
}

/** The sample's configuration, as the embedded stack runs it. */
export async function sealingConfiguration(): Promise<{
  configuration: SealingConfiguration;
  judge: SealDeps['judge'];
}> {
  const history = await loadHistory(join(import.meta.dirname, '../local/sample'));
  return {
    configuration: toAdoptable(history),
    judge: (record) => judgeAuthority({ ...record, history }),
  };
}

export function normalizeRaw({ message: { envelope, enqueued }, body }: RawMessage): NormalizedMessage {
  return normalizeMessage('web', { envelope, enqueued, body });
}

/** Seals the messages, numbered from 0, in batches of `batch`. Throws where not every one of them was sealed. */
export async function sealInBatches(
  stores: SealingStores,
  messages: readonly HubMessage[],
  batch: number,
): Promise<void> {
  const { trail, evidence, signer, normalize = normalizeRaw, tabulate = () => Promise.resolve() } = stores;
  const sealer = new PartitionSealer(
    {
      trailName: TRAIL_NAME,
      trail,
      evidence,
      signer,
      // Every batch follows on, so that nothing is ever read from it.
      hub: new MemoryHub({ name: 'web' }),
      spilled: { read: () => Promise.resolve(undefined) },
      normalize: (_hub, raw) => Promise.resolve(raw.map(normalize)),
      ...(await sealingConfiguration()),
      tabulate,
      hint: () => Promise.resolve(undefined),
      now: () => 0,
    },
    PARTITION,
  );
  let sealed = 0;
  for (let from = 0; from < messages.length; from += batch) {
    sealed += (await sealer.sealBatch(messages.slice(from, from + batch))).messages;
  }
  if (sealed !== messages.length) throw new Error(`Of ${messages.length} messages, ${sealed} were sealed.`);
}
