import { describe, expect, it } from 'vitest';

import { judgeAuthority } from '../../shared/authorize/authority.ts';
import type { Judgement } from '../../shared/authorize/authority.ts';
import type { Configuration } from '../../shared/authorize/configuration.ts';
import { parseRecord } from '../../shared/wire/record.ts';
import type { RecordData } from '../../shared/wire/record.ts';
import { COMMON, PRODUCTION_GROUP, SUBSCRIPTION, adoptedOf, historyOf, version } from './versions.ts';

const REPOSITORY = 'https://github.com/acme/payments';
const MONA = { kind: 'human', id: 'github.com:1001', name: 'mona' } as const;
const HUBOT = { kind: 'human', id: 'github.com:1002', name: 'hubot' } as const;
const OCTO = { kind: 'human', id: 'github.com:1003', name: 'octo' } as const;
const BOT = { kind: 'service', id: 'github.com:2001', name: 'deploy-bot' } as const;

const V1 = version('2026-02-01T00:00:00Z', [
  'identity: mona, role: manager, project: payments, environment: production, from: 2026-01-01T00:00:00Z, until: 2026-09-01T00:00:00Z',
  'identity: hubot, role: manager, project: payments, environment: production, from: 2026-03-01T00:00:00Z, until: 2026-04-01T00:00:00Z, delegatedBy: mona',
  'group: managers, role: manager, project: payments, from: 2026-01-01T00:00:00Z',
  'identity: deploy-bot, role: deployer, project: payments, environment: staging, from: 2026-01-01T00:00:00Z',
  'identity: mona, role: deployer, project: payments, from: 2026-01-01T00:00:00Z',
  'identity: octo, role: owner, project: "*", from: 2026-01-01T00:00:00Z',
]);
/** Dates a grant back to before it was adopted. */
const V2 = version(
  '2026-06-01T00:00:00Z',
  ['identity: hubot, role: manager, project: payments, from: 2026-05-01T00:00:00Z'],
  {
    previous: V1,
  },
);

interface Event {
  readonly type?: string;
  readonly time?: string;
  readonly source?: string;
  readonly project?: string | undefined;
  readonly data?: Partial<RecordData>;
  readonly versions?: readonly Configuration[];
}

/** A vote of mona for a deployment to production, but for what is given. */
function judge(event: Event = {}): Judgement {
  const { versions = [V1] } = event;
  return judgeAuthority({
    type: event.type ?? 'indelible.decision.deployment_review.approved',
    time: event.time ?? '2026-03-15T12:00:00.000Z',
    source: event.source ?? REPOSITORY,
    project: 'project' in event ? event.project : 'payments',
    data: { ...vote(MONA), ...event.data },
    adopted: adoptedOf(...versions),
    history: historyOf(...versions),
  });
}

function vote(
  actor: RecordData['actor'],
  environment = 'production',
  more: Partial<NonNullable<RecordData['decision']>> = {},
): RecordData {
  return {
    category: 'decision',
    ...(actor === undefined ? {} : { actor }),
    action: 'review',
    outcome: 'succeeded',
    summary: 'voted',
    target: { kind: 'workflowRun', id: `${REPOSITORY}/actions/runs/1`, environment },
    decision: { kind: 'deployment', request: 'r', step: 'voted', verdict: 'approve', ...more },
  };
}

const APPROVAL = { action: 'deployment.approve', environment: 'production', role: 'manager' };

describe('the authority of one event', () => {
  it('is in force: the role was held at that time, by the version in force then', () => {
    expect(judge()).toEqual({
      actor: { ...MONA, resolved: 'mona' },
      target: {
        kind: 'workflowRun',
        id: `${REPOSITORY}/actions/runs/1`,
        environment: 'production',
        dataClasses: ['PHI', 'cardholder data'],
      },
      authority: { ...APPROVAL, held: true, basis: 'inForce', version: V1.sha256 },
    });
  });

  it('is delegated, and names by whom', () => {
    expect(judge({ data: vote(HUBOT) }).authority).toEqual({
      ...APPROVAL,
      held: true,
      basis: 'inForce',
      delegatedBy: 'mona',
      version: V1.sha256,
    });
  });

  it.each([
    ['before the grant began', '2026-02-28T23:59:59.999Z', false],
    ['at its first moment', '2026-03-01T00:00:00.000Z', true],
    ['at its last moment', '2026-03-31T23:59:59.999Z', true],
    ['when it has ended', '2026-04-01T00:00:00.000Z', false],
  ])('is held %s: %s, %s', (_when, time, held) => {
    expect(judge({ data: vote(HUBOT), time }).authority).toMatchObject({ held, basis: 'inForce', role: 'manager' });
  });

  it("is not held by a grant for another environment, or for another project's environment of that name", () => {
    const started = (environment: string): Event => ({
      type: 'indelible.deployment.deployment.created',
      data: { ...vote(BOT, environment), category: 'deployment', decision: undefined },
    });
    expect(judge(started('staging')).authority).toMatchObject({ action: 'deployment.start', held: true });
    expect(judge(started('production')).authority).toMatchObject({ action: 'deployment.start', held: false });
    const shop = { source: 'https://github.com/acme/shop', project: 'shop' };
    expect(judge(shop).authority).toMatchObject({ ...APPROVAL, held: false, basis: 'inForce' });
  });

  it('is held by members of a group, and not through one by others', () => {
    expect(judge({ data: vote(OCTO) })).toMatchObject({ actor: { resolved: 'octo' }, authority: { held: true } });
    const time = '2026-10-01T00:00:00.000Z';
    expect(judge({ data: vote(OCTO), time }).authority.held).toBe(true);
    expect(judge({ time }).authority.held).toBe(false);
  });

  it('is retroactive where a grant was dated back: nobody had adopted it when it was used', () => {
    const event = { data: vote(HUBOT), time: '2026-05-15T00:00:00.000Z' };
    expect(judge(event).authority).toEqual({ ...APPROVAL, held: false, basis: 'inForce', version: V1.sha256 });
    expect(judge({ ...event, versions: [V1, V2] }).authority).toEqual({
      ...APPROVAL,
      held: true,
      basis: 'retroactive',
      version: V2.sha256,
    });
    const before = { ...event, time: '2026-04-30T00:00:00.000Z', versions: [V1, V2] };
    expect(judge(before).authority).toMatchObject({ held: false, basis: 'inForce', version: V1.sha256 });
    const after = { ...event, time: '2026-06-01T00:00:00.000Z', versions: [V1, V2] };
    expect(judge(after).authority).toMatchObject({ held: true, basis: 'inForce', version: V2.sha256 });
  });

  it('is retroactive where no version was in force yet: the first one is judged by', () => {
    const time = '2026-01-15T00:00:00.000Z';
    expect(judge({ time, versions: [V1, V2] }).authority).toEqual({
      ...APPROVAL,
      held: true,
      basis: 'retroactive',
      version: V1.sha256,
    });
    expect(judge({ time, data: vote({ ...MONA, id: 'github.com:9' }) }).authority).toMatchObject({
      held: false,
      basis: 'retroactive',
    });
  });

  it('is judged by the version of that time, however the newest one is', () => {
    expect(judge({ versions: [V1, V2] }).authority).toMatchObject({ held: true, version: V1.sha256 });
    expect(judge({ versions: [V1, V2], time: '2026-07-01T00:00:00.000Z' }).authority).toMatchObject({
      held: false,
      version: V2.sha256,
    });
  });

  it('is unknown where nothing in force said anything about it', () => {
    const push = {
      type: 'indelible.code.branch.pushed',
      data: { ...vote(MONA), category: 'code', decision: undefined },
    } as const;
    expect(judge(push).authority).toEqual({
      action: 'code.push',
      environment: 'production',
      basis: 'unknown',
      version: V1.sha256,
    });
    expect(judge({ ...push, time: '2026-01-15T00:00:00.000Z' }).authority).toEqual({
      action: 'code.push',
      environment: 'production',
      basis: 'unknown',
    });
    const star = { ...push, type: 'indelible.code.repository.starred' };
    expect(judge(star).authority).toEqual({ basis: 'unknown' });
    expect(judge({ versions: [version('2026-01-01T00:00:00Z', [], { text: COMMON })] }).authority).toMatchObject({
      action: 'deployment.approve',
      basis: 'unknown',
    });
    expect(
      judgeAuthority({
        type: 'indelible.code.pull_request.merged',
        time: '2026-02-01T00:00:00.000Z',
        source: REPOSITORY,
        data: { category: 'code', action: 'merge', outcome: 'succeeded', summary: 'merged' },
        project: 'payments',
        adopted: [],
        history: historyOf(V1),
      }),
    ).toEqual({ authority: { basis: 'unknown' } });
  });

  it('says no `held` of nobody: the source does not tell who acted', () => {
    expect(judge({ data: { ...vote(undefined), actor: undefined } }).authority).toEqual({
      ...APPROVAL,
      basis: 'inForce',
      version: V1.sha256,
    });
  });

  it('takes the role of the emergency for an override, and for what goes ahead of a decision', () => {
    expect(judge({ data: vote(MONA, 'production', { verdict: 'override' }) }).authority).toMatchObject({
      role: 'owner',
      held: false,
    });
    const ahead = { kind: 'emergency', insteadOf: 'deployment' } as const;
    expect(judge({ data: vote(OCTO, 'production', ahead) }).authority).toMatchObject({
      action: 'deployment.approve',
      role: 'owner',
      held: true,
    });
  });
});

describe('who acted', () => {
  it.each([
    ['a GitHub account', { kind: 'human', id: 'github.com:1001' }],
    ['an Entra account, in another case', { kind: 'human', id: 'entra:aaaaaaaa-0000-0000-0000-000000000001' }],
    ['an Azure DevOps account', { kind: 'human', id: 'azure-devops:m-1' }],
    [
      'an address, where the system has no account of hers',
      { kind: 'human', id: 'upn:mona@acme.example', address: 'Mona@ACME.example' },
    ],
  ] as const)('is one person under every name: %s', (_name, actor) => {
    expect(judge({ data: vote(actor) })).toMatchObject({
      actor: { ...actor, resolved: 'mona' },
      authority: { held: true },
    });
  });

  it("is not mona where another account of a known system claims her address, or a commit's author does", () => {
    for (const actor of [
      { kind: 'human', id: 'github.com:6666', address: 'mona@acme.example' },
      { kind: 'unknown', id: 'git:mona@acme.example' },
      { kind: 'human', id: 'ghe.acme.example:1001' },
    ] as const) {
      const judged = judge({ data: vote(actor) });
      expect(judged.actor).toBeUndefined();
      expect(judged.authority).toMatchObject({ held: false, basis: 'inForce' });
    }
  });

  it('never lets a service, an AI or a rule vote, whatever it was granted', () => {
    const generous = version('2026-02-01T00:00:00Z', [
      'identity: deploy-bot, role: manager, project: payments, from: 2026-01-01T00:00:00Z',
      'identity: copilot, role: manager, project: payments, from: 2026-01-01T00:00:00Z',
      'identity: mona, role: manager, project: payments, from: 2026-01-01T00:00:00Z',
      'identity: hubot, role: manager, project: payments, from: 2026-01-01T00:00:00Z',
    ]);
    const held = (data: RecordData) => judge({ data, versions: [generous] }).authority.held;
    expect(held(vote(BOT))).toBe(false);
    expect(held(vote({ ...BOT, onBehalfOf: MONA }))).toBe(false);
    expect(held(vote({ kind: 'ai', id: 'github.com:3001' }))).toBe(false);
    expect(held(vote({ ...MONA, kind: 'service' }))).toBe(false);
    expect(held(vote(MONA, 'production', { automated: true }))).toBe(false);
    expect(held(vote(MONA))).toBe(true);
  });

  it('is, of a service without a role, the person for whom it acted; an AI answers for itself', () => {
    const started = (actor: RecordData['actor']) =>
      judge({
        type: 'indelible.deployment.deployment.created',
        data: { ...vote(actor), category: 'deployment', decision: undefined },
      });
    expect(started({ ...BOT, onBehalfOf: MONA })).toMatchObject({
      actor: { ...BOT, onBehalfOf: { ...MONA, resolved: 'mona' }, resolved: 'deploy-bot' },
      authority: { action: 'deployment.start', held: true, heldBy: 'mona' },
    });
    expect(started({ ...BOT, onBehalfOf: HUBOT }).authority).toMatchObject({ held: false });
    expect(started({ kind: 'ai', id: 'github.com:3001', onBehalfOf: MONA }).authority).toMatchObject({ held: false });
    expect(started(BOT).authority).not.toHaveProperty('heldBy');
  });

  it('is found for whoever was given a right, too', () => {
    const grant = {
      change: 'granted',
      principal: { kind: 'human', id: 'entra:aaaaaaaa-0000-0000-0000-000000000001' },
      role: { name: 'Contributor' },
      scope: PRODUCTION_GROUP,
    } as const;
    const granted = judge({
      type: 'indelible.access.role_assignment.written',
      source: SUBSCRIPTION,
      data: { ...vote(OCTO), category: 'access', decision: undefined, grant },
    });
    expect(granted.grant).toEqual({ ...grant, principal: { ...grant.principal, resolved: 'mona' } });
    expect(granted.authority).toMatchObject({ action: 'access.grant', role: 'owner', held: true });
  });
});

describe('where it was done', () => {
  const changed = (target: RecordData['target'], more: Partial<RecordData> = {}) =>
    judge({
      type: 'indelible.infrastructure.resource.written',
      source: SUBSCRIPTION,
      data: { category: 'infrastructure', action: 'write', target, decision: undefined, ...more },
    });

  it('is the environment that the resource lies in, in whatever case, with what the environment holds', () => {
    const id = `${PRODUCTION_GROUP.toUpperCase()}/providers/Microsoft.Web/sites/api`;
    expect(changed({ kind: 'microsoft.web/sites', id, name: 'api' })).toMatchObject({
      target: { id, name: 'api', environment: 'production', dataClasses: ['PHI', 'cardholder data'] },
      authority: { action: 'infrastructure.change', environment: 'production', role: 'deployer', held: true },
    });
    const staging = changed({ kind: 'x', id: `${SUBSCRIPTION}/resourceGroups/rg-payments-staging/providers/x` });
    expect(staging.target).toEqual({
      kind: 'x',
      id: `${SUBSCRIPTION}/resourceGroups/rg-payments-staging/providers/x`,
      environment: 'staging',
    });
    expect(staging.authority).toMatchObject({ basis: 'unknown', environment: 'staging' });
    const other = changed({ kind: 'x', id: `${PRODUCTION_GROUP}-2/providers/x` });
    expect(other.target).toBeUndefined();
    expect(other.authority).not.toHaveProperty('environment');
  });

  it('is what the source calls it there, and stays under that name', () => {
    const live = judge({ data: vote(MONA, 'live (eu)') });
    expect(live.target).toMatchObject({ environment: 'live (eu)', dataClasses: ['PHI', 'cardholder data'] });
    expect(live.authority).toMatchObject(APPROVAL);
    // The same name in another source is another environment.
    const elsewhere = judge({ data: vote(MONA, 'Live (EU)'), source: 'https://github.com/acme/payments-2' });
    expect(elsewhere.authority).toMatchObject({ action: 'deployment.approve', role: 'developer' });
    const shop = judge({ data: vote(MONA, 'Live (EU)'), source: 'https://dev.azure.com/acme/shop', project: 'shop' });
    expect(shop).toMatchObject({ authority: { environment: 'production', held: false } });
    expect(shop.target).toBeUndefined();
  });

  it('does not overwrite what the source itself says of the data', () => {
    const judged = changed({ kind: 'x', id: PRODUCTION_GROUP, environment: 'production', dataClasses: ['none'] });
    expect(judged.target).toBeUndefined();
    expect(judged.authority).toMatchObject({ environment: 'production' });
  });

  it('has no class where the environment is declared nowhere: the entry without one applies', () => {
    expect(judge({ data: vote(MONA, 'sandbox') }).authority).toEqual({
      action: 'deployment.approve',
      role: 'developer',
      held: false,
      basis: 'inForce',
      version: V1.sha256,
    });
  });
});

describe('what is judged', () => {
  it('fits the schema of records, member for member in its order, so that a verifier reads the same bytes', () => {
    const data = vote({ ...BOT, onBehalfOf: MONA });
    const { authority, ...known } = judge({
      type: 'indelible.deployment.deployment.created',
      data: { ...data, category: 'deployment', decision: undefined },
    });
    const { decision: _none, ...rest } = data;
    const record = {
      specversion: '1.0',
      id: '0'.repeat(32),
      type: 'indelible.deployment.deployment.created',
      time: '2026-03-15T12:00:00.000Z',
      source: REPOSITORY,
      dataschema: 'urn:indelible:record:1',
      data: { ...rest, category: 'deployment', ...known, project: 'payments', authority },
    };
    expect(JSON.stringify(parseRecord(record))).toBe(JSON.stringify(record));
    const delegated = judge({ data: vote(HUBOT) });
    const voted = {
      ...record,
      type: 'indelible.decision.deployment_review.approved',
      data: { ...vote(HUBOT), ...delegated },
    };
    expect(JSON.stringify(parseRecord(voted))).toBe(JSON.stringify(voted));
  });

  it('is the same each time, and changes nothing that it is given', () => {
    const data = vote(HUBOT);
    const before = structuredClone(data);
    expect(JSON.stringify(judge({ data, versions: [V1, V2] }))).toBe(
      JSON.stringify(judge({ data, versions: [V1, V2] })),
    );
    expect(data).toEqual(before);
  });
});
