import { parseConfiguration } from '../../shared/authorize/configuration.ts';
import type { Configuration } from '../../shared/authorize/configuration.ts';
import type { ImmutableStore } from '../../shared/seal/immutable-store.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
import { formatTimestamp } from '../../shared/wire/timestamp.ts';
import { MemoryHub } from '../fakes/memory-hub.ts';
import { SealStage, pushEnvelope } from '../seal/stage.ts';

/** Two of three release managers decide on what goes to production; who asks, and who made it, does not. */
const RULES = `
version: 1
from: 2026-01-01T00:00:00Z
projects:
  - { id: payments, sources: ['https://github.com/acme/payments'], compensatingControl: 'Dave reads all of it monthly.' }
environments:
  - { id: production, project: payments, class: production }
identities:
  - { id: alice, accounts: ['entra:alice', 'github:1'] }
  - { id: bob, accounts: ['entra:bob', 'github:2'] }
  - { id: carol, accounts: ['entra:carol'] }
  - { id: dora, accounts: ['entra:dora'] }
roles:
  - { id: manager }
grants:
  - { identity: alice, role: manager, project: payments, from: 2026-01-01T00:00:00Z }
  - { identity: bob, role: manager, project: payments, from: 2026-01-01T00:00:00Z }
  - { identity: carol, role: manager, project: payments, from: 2026-01-01T00:00:00Z }
matrix:
  - { action: deployment.approve, environmentClass: production, role: manager, quorum: 2, excluded: [requester, author] }
`;

/** A trail with steps of requests, sealed as they are in a deployment: hub, normalizer, sealer, index. */
export class DecidedTrail {
  readonly stage: SealStage;
  readonly configuration: Configuration = parseConfiguration(Buffer.from(RULES));
  readonly #decisions: MemoryHub;
  #sent = 0;

  private constructor(stage: SealStage) {
    this.stage = stage;
    this.#decisions = new MemoryHub({ name: 'decisions', clock: () => stage.now });
  }

  static async open(): Promise<DecidedTrail> {
    return new DecidedTrail(await SealStage.open());
  }

  get trail(): ImmutableStore {
    return this.stage.trail;
  }

  get now(): string {
    return formatTimestamp(this.stage.now);
  }

  versionOf = (sha256: string): Configuration | undefined =>
    sha256 === this.configuration.sha256 ? this.configuration : undefined;

  /** A minute later. */
  step(event: string, request: string, who: string, body: object = {}, more: Partial<Envelope> = {}): void {
    this.stage.now += 60_000;
    const claims = { tid: 't-1', oid: who, name: who, idtyp: 'user', roles: ['Approvals.Write'] };
    const envelope: Envelope = {
      source: 'approvals',
      event,
      subject: request,
      delivery: `${event}-${this.#sent++}`,
      received: this.now,
      claims,
      ...more,
    };
    this.#decisions.enqueue('0', Buffer.from(JSON.stringify(body)), formatEnvelope(envelope));
  }

  /** A pull request of a GitHub account, with that commit as its head. */
  proposed(commit: string, author: { readonly login: string; readonly id: number }): void {
    const user = { ...author, type: 'User' };
    const repository = {
      id: 1,
      full_name: 'acme/payments',
      html_url: 'https://github.com/acme/payments',
      owner: { login: 'acme', id: 2 },
    };
    const html_url = 'https://github.com/acme/payments/pull/7';
    const pull_request = { number: 7, html_url, title: 'Refunds', user, head: { sha: commit, ref: 'refunds' } };
    const body = { action: 'opened', number: 7, pull_request, repository, sender: user };
    this.stage.put(Buffer.from(JSON.stringify(body)), pushEnvelope(`pull-${commit}`, { event: 'pull_request' }));
  }

  async seal(): Promise<void> {
    // Whatever lies in a hub is sealed once it is two minutes old.
    this.stage.now += 300_000;
    const configuration = {
      ...this.configuration,
      commit: undefined,
      follows: () => false,
      changesSince: () => undefined,
    };
    await this.stage.sealer({ hub: this.#decisions, configuration }).sealTail();
    await this.stage.sealer({ configuration }).sealTail();
  }
}
