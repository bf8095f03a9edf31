import { hash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import type { HubMessage } from '../../shared/seal/hub-message.ts';
import type { PartitionSealer } from '../../shared/seal/partition-sealer.ts';
import { tabulateLog } from '../../shared/tabulate/tabulate.ts';
import { FaultPlan, withFaults } from '../fakes/faults.ts';
import type { Fault } from '../fakes/faults.ts';
import { MINUTE, SealStage, configurationOf, pushBody, pushEnvelope } from './stage.ts';

/**
 * One scenario with all that a partition goes through, run once for every call of every port, which then fails, in either
 * way; and the checker after it.
 */

/** What becomes of a batch that failed. */
type Host =
  /** The host repeats it, up to three times. */
  | 'retries'
  /** The process dies with it, and the checkpoint had moved: the batch does not come again. */
  | 'dies and moves on';

const RETRIES = 3;

class Scenario {
  readonly stage: SealStage;
  readonly #plan: FaultPlan;
  readonly #host: Host;
  #sealer: PartitionSealer | undefined;

  constructor(stage: SealStage, plan: FaultPlan, host: Host) {
    this.stage = stage;
    this.#plan = plan;
    this.#host = host;
  }

  async run(): Promise<void> {
    const { stage } = this;
    // Several segments in one batch.
    await this.#batch(stage.push(4, 1));
    await this.#batch([...stage.push(1), ...stage.push(1)].slice(1));
    // What retention took.
    const gone = stage.push(2).map(({ sequenceNumber }) => sequenceNumber);
    const rest = stage.push(2);
    for (const number of gone) stage.hub.lose('0', number);
    stage.lost(gone);
    await this.#batch(rest.slice(1));
    // The tables are lost, with their hints, and another configuration is deployed.
    stage.tables.drop();
    stage.configuration = configurationOf({ text: 'two', before: ['one'] });
    this.#sealer = undefined;
    await this.#batch(stage.push(1));
    // The key is rotated; a body came through the spill container.
    stage.signer.rotate();
    const body = pushBody('spilled', 1);
    const named = { sha256: hash('sha256', body, 'hex'), size: body.length };
    await stage.spill.putBody(named.sha256, body, new AbortController().signal);
    await this.#batch([stage.put(body, pushEnvelope('spilled', { body: named }), { from: 'spill' })]);
    await this.#batch(stage.push(2));
    // A last batch that the trigger never brought.
    stage.push(1);
    stage.now += 5 * MINUTE;
    await this.#tail();
    // An idle partition, another configuration and another key.
    stage.signer.rotate();
    stage.configuration = configurationOf({ text: 'three', before: ['one', 'two'] });
    this.#sealer = undefined;
    await this.#tail();
    // The hub is created anew. A log's first segment is signed by the newest key, which an auditor needs then.
    stage.keys.push(await stage.signer.newest());
    stage.hub.recreate();
    stage.generation = 1;
    stage.now += 5 * MINUTE;
    await this.#batch(stage.push(2));
    await this.#batch(stage.push(1));
    stage.now += 5 * MINUTE;
    await this.#tail();
  }

  async #batch(messages: readonly HubMessage[]): Promise<void> {
    await this.#attempt((sealer) => sealer.sealBatch(messages), this.#host === 'retries' ? RETRIES : 0);
  }

  /** A timer: it comes again every minute. */
  async #tail(): Promise<void> {
    await this.#attempt((sealer) => sealer.sealTail(), RETRIES);
  }

  async #attempt(work: (sealer: PartitionSealer) => Promise<unknown>, retries: number): Promise<void> {
    for (let attempt = 0; attempt <= retries; attempt++) {
      this.#sealer ??= this.#start();
      try {
        await work(this.#sealer);
        return;
      } catch (error) {
        // The test's own fault and no other.
        if (!(error instanceof Error && error.message.includes("the test's fault"))) throw error;
        if (this.#host === 'dies and moves on') this.#sealer = undefined;
        this.stage.now += 5_000;
      }
    }
  }

  #start(): PartitionSealer {
    const { stage } = this;
    const faulty = <T extends object>(port: T): T => withFaults(port, this.#plan);
    const trail = faulty(stage.trail);
    const tables = faulty(stage.tables);
    return stage.sealer({
      trail,
      evidence: faulty(stage.evidence),
      signer: faulty(stage.signer),
      hub: faulty(stage.hub),
      spilled: faulty(stage.spill),
      tabulate: (log, upTo, fresh) => tabulateLog({ trail, tables }, log, upTo, fresh),
      hint: (log) => tables.getProgress(log),
      segmentLimits: { leaves: 5, bytes: 1 << 20 },
    });
  }
}

async function runWith(faults: readonly Fault[], host: Host): Promise<{ plan: FaultPlan; wrong: string[] }> {
  const plan = new FaultPlan(...faults);
  const scenario = new Scenario(await SealStage.open(), plan, host);
  await scenario.run();
  return { plan, wrong: await scenario.stage.check({ orphans: true }) };
}

const HOSTS: readonly Host[] = ['retries', 'dies and moves on'];
const WAYS = ['notDone', 'doneYetError'] as const;

/** The calls of the scenario without a fault; after one there are more, never fewer before it. */
const without = await runWith([], 'retries');

describe('invariants 2 and 4: one call of any port fails', () => {
  test('without a fault already something is wrong, or a port is not among those that fail', () => {
    expect(without.wrong).toEqual([]);
    // `list` is called for pruned logs alone: foreign-blobs.test.ts.
    const methods = ['create', 'exists', 'listPrefixes', 'sign', 'newest', 'publicKey'];
    const others = ['properties', 'partition', 'read', 'write', 'getProgress', 'setProgress'];
    expect([...new Set(without.plan.calls)].sort()).toEqual(expect.arrayContaining([...methods, ...others].sort()));
  });

  const calls = without.plan.calls.map((method, k) => ({ method, call: k + 1 }));
  // Some at a time: a test for each would take longer to report than to run.
  const slices = Array.from({ length: Math.ceil(calls.length / 25) }, (_, k) => calls.slice(k * 25, (k + 1) * 25));
  for (const host of HOSTS) {
    for (const how of WAYS) {
      test.each(slices.map((slice) => ({ from: slice[0]?.call, to: slice.at(-1)?.call, slice })))(
        `a message is lost, doubled or left out of the index by a host that ${host} (${how}, calls $from to $to)`,
        async ({ slice }) => {
          for (const { call, method } of slice) {
            const { plan, wrong } = await runWith([{ call, how }], host);
            expect({ call, method, wrong }).toEqual({ call, method, wrong: [] });
            expect(plan.pending()).toEqual([]);
          }
        },
      );
    }
  }
});

describe('invariant 2: a second call fails too', () => {
  test.each([1, 2, 3, 4, 5, 7, 11, 17])(
    'the repair of a failure, %i calls after it, is not repaired',
    async (distance) => {
      for (let call = distance % 3; call <= without.plan.calls.length; call += 9) {
        const faults = [
          { call: call + 1, how: WAYS[call % 2] ?? 'notDone' },
          { call: call + 1 + distance, how: WAYS[(call >> 1) % 2] ?? 'notDone' },
        ];
        const { wrong } = await runWith(faults, HOSTS[call % 2] ?? 'retries');
        expect({ faults, wrong }).toEqual({ faults, wrong: [] });
      }
    },
  );
});
