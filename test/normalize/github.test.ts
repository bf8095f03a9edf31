import { describe, expect, it } from 'vitest';

import { GITHUB_EVENTS } from '../../shared/normalize/github/events.ts';
import { namesObject, objectMembers } from '../../shared/normalize/github/objects.ts';
import { githubNormalizer } from '../../shared/normalize/github.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import type { JsonObject } from '../../shared/wire/json.ts';
import { categoryOf } from '../../shared/wire/record.ts';
import { corpusPayloads, examplePayloads, normalize, normalizeObject, recordOf } from './github-payloads.ts';

const TYPE = /^indelible\.[a-z]+\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;

function refusal(event: string | undefined, body: Buffer): string {
  try {
    normalize(event, body);
  } catch (error) {
    if (error instanceof Unrecognized) return error.code;
    throw error;
  }
  return 'none';
}

const PUSH = {
  ref: 'refs/heads/main',
  commits: [],
  sender: { login: 'mona', id: 1001, type: 'User', html_url: 'https://github.com/mona' },
};

describe('what is refused, and nothing else is', () => {
  it('refuses an event that GitHub does not send, so that it is sealed as unrecognized', () => {
    expect(refusal('no_such_event', Buffer.from('{}'))).toBe('event');
    expect(refusal('constructor', Buffer.from('{}'))).toBe('event');
    expect(refusal('__proto__', Buffer.from('{}'))).toBe('event');
    expect(refusal(undefined, Buffer.from('{}'))).toBe('event');
  });

  it.each([
    ['', 'json'],
    ['{', 'json'],
    ['{"a":}', 'json'],
    ['payload=%', 'json'],
    ['payload=%FF', 'json'],
    ['payload=', 'json'],
    ['payload=%5B%5D', 'shape'],
    ['null', 'shape'],
    ['[]', 'shape'],
    ['"text"', 'shape'],
    ['12', 'shape'],
  ])('refuses the body %j as %s', (body, code) => {
    expect(refusal('push', Buffer.from(body))).toBe(code);
  });

  it('says of a delivery without X-GitHub-Event that its event is unknown, not that the header is missing', () => {
    for (const event of [undefined, '']) {
      expect(() => normalize(event, Buffer.from('{}'))).toThrow('without the header X-GitHub-Event');
    }
  });

  it('seals what another host sends as a push: of nobody, to nowhere', () => {
    const gitlab = { object_kind: 'push', project: { id: 1, path_with_namespace: 'acme/pay' }, user_name: 'mona' };
    for (const body of [gitlab, {}, { a: 'x'.repeat(24_000_000) }]) {
      expect(refusal('push', Buffer.from(JSON.stringify(body)))).toBe('shape');
    }
  });

  it('says that commits were pushed to "ref an unnamed ref"', () => {
    const [push] = normalizeObject('push', { commits: [], sender: PUSH.sender, repository: { full_name: 'acme/pay' } });
    expect(push?.data.summary).toBe('mona pushed 0 commits to an unnamed ref of acme/pay');
  });

  it('refuses bytes that are not UTF-8 and nesting that would overflow the stack', () => {
    expect(refusal('push', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe('json');
    expect(refusal('push', Buffer.from(`{"a":${'['.repeat(100_000)}`))).toBe('json');
    expect(refusal('push', Buffer.from(`{"ref":"x","changes":${'{"a":'.repeat(400)}1${'}'.repeat(400)}}`))).toBe(
      'none',
    );
  });
});

describe('what names neither who acted nor on what', () => {
  const context = {
    repository: { full_name: 'acme/pay', html_url: 'https://github.com/acme/pay' },
    organization: { login: 'acme', id: 500 },
  };

  it.each([...GITHUB_EVENTS.keys()])('is sealed as a true %s, of nobody, on nothing', (event) => {
    const empty = Object.fromEntries(objectMembers(event).map((member) => [member, null]));
    for (const payload of [{}, { action: 'created' }, { ...context, ...empty }, { sender: {}, ...empty }]) {
      expect(refusal(event, Buffer.from(JSON.stringify(payload)))).toBe('shape');
    }
  });

  it('leaves the reader of the trail to guess what is missing', () => {
    expect(() => normalize('push', Buffer.from('{}'))).toThrow(
      'The payload names neither who acted nor, as ref or commits, on what: it tells of no push.',
    );
  });

  it.each(['[]', '{}', '""', 'null', 'true'])('hides behind the object %s', (object) => {
    expect(refusal('pull_request', Buffer.from(`{"pull_request":${object}}`))).toBe('shape');
    expect(refusal('gollum', Buffer.from(`{"pages":${object}}`))).toBe('shape');
  });

  it('is what is taken for it: any event that names its object, or who acted, is sealed as what it is', () => {
    const unnamed = [...examplePayloads(), ...corpusPayloads()].filter(({ event, body }) => {
      const { sender: _sender, ...payload } = JSON.parse(body.toString()) as JsonObject;
      // What a person took back from an app, and what was done to a whole server, is told by who did it alone.
      return !['github_app_authorization', 'enterprise'].includes(event) && !namesObject(event, payload);
    });
    expect(unnamed.map(({ origin }) => origin)).toEqual([]);
  });
});

describe('the two content types of a hook', () => {
  it('reads a form delivery to the same drafts as the JSON one', () => {
    const payload = { ...PUSH, head_commit: { message: 'a+b & c=d 100% "ü" 😀' } };
    const form = `payload=${new URLSearchParams({ payload: JSON.stringify(payload) }).toString().slice('payload='.length)}`;
    expect(normalize('push', Buffer.from(form))).toEqual(normalizeObject('push', payload));
    expect(normalize('push', Buffer.from(`${form}&other=1`))).toEqual(normalizeObject('push', payload));
  });
});

describe('the table of events', () => {
  it('knows every event that an example or the corpus has', () => {
    const unknown = [...examplePayloads(), ...corpusPayloads()].filter(({ event }) => !GITHUB_EVENTS.has(event));
    expect(unknown.map(({ origin }) => origin)).toEqual([]);
  });

  it.each([...GITHUB_EVENTS.keys()])(
    '%s: a payload of nothing but a sender still gives a record of the category that the table names',
    (event) => {
      for (const payload of [
        {},
        { action: 'never_heard_of' },
        { action: '!' },
        { action: '9ü' },
        { action: 'constructor' },
        { action: 7 },
      ]) {
        const drafts = normalizeObject(event, { ...payload, sender: PUSH.sender });
        expect(drafts.length).toBeGreaterThan(0);
        for (const draft of drafts) {
          expect(draft.type).toMatch(TYPE);
          expect(recordOf(draft).type).toBe(draft.type);
          expect(categoryOf(draft.type)).toBe(GITHUB_EVENTS.get(event)?.category);
        }
      }
    },
  );

  it('keeps the words of an action that it does not know in the verb', () => {
    const [draft] = normalizeObject('pull_request', { action: 'Sent-To Räview!', pull_request: { number: 1 } });
    expect(draft?.type).toBe('indelible.code.pull_request.sent_to_r_view');
    expect(draft?.data.action).toBe('pull_request.Sent-To Räview!');
  });
});

describe('who and when, where the usual member is missing', () => {
  it('takes the pusher of a push that names no account: a push of nobody could be blamed on no one', () => {
    const { sender: _sender, ...payload } = { ...PUSH, sender: undefined };
    const drafts = normalizeObject('push', { ...payload, pusher: { name: 'mona', email: 'm@example.com' } });
    for (const { data } of drafts) {
      expect(data.actor).toEqual({ kind: 'unknown', id: 'github.com:@mona', name: 'mona', address: 'm@example.com' });
    }
    expect(drafts.length).toBeGreaterThan(0);
  });

  it('takes who resolved a secret alert, for Enterprise Servers name no sender; of other actions that would be another', () => {
    const alert = { number: 1, resolved_by: { login: 'mona', id: 1, type: 'User' } };
    const actorOf = (action: string): unknown =>
      normalizeObject('secret_scanning_alert', { action, alert })[0]?.data.actor?.id;
    expect(actorOf('resolved')).toBe('github.com:1');
    expect(actorOf('reopened')).toBeUndefined();
  });

  it('takes year 1 for no time: a package must not seem published two thousand years ago', () => {
    const none = '0001-01-01T00:00:00Z';
    const version = { version: '1', created_at: none, updated_at: none };
    const timeOf = (updated: string): unknown =>
      normalizeObject('package', {
        action: 'published',
        package: { id: 1, created_at: '2019-01-01T00:00:00Z', updated_at: updated, package_version: version },
      })[0]?.time;
    expect(timeOf('2026-03-01T12:00:00Z')).toBe('2026-03-01T12:00:00.000Z');
    expect(timeOf(none)).toBeUndefined();
  });
});

describe('rights that were taken back', () => {
  const organization = { login: 'acme', id: 500 };
  const user = { login: 'mona', id: 1001, type: 'User' };
  const grantOf = (event: string, payload: object): unknown => {
    const [draft] = normalizeObject(event, { organization, sender: user, ...payload });
    return draft === undefined ? undefined : recordOf(draft).data.grant;
  };
  const principal = { kind: 'human', id: 'github.com:1001', name: 'mona' };

  it('names no role where a member was removed: unaffiliated is what the person is now, not what was revoked', () => {
    const removed = (role: string): unknown =>
      grantOf('organization', { action: 'member_removed', membership: { user, role } });
    expect(removed('unaffiliated')).toEqual({
      change: 'revoked',
      principal,
      role: {},
      scope: 'https://github.com/acme',
    });
    expect(removed('admin')).toMatchObject({ role: { name: 'admin' } });
  });

  it('says of a collaborator who was removed from what, and which role where the payload has it', () => {
    const repository = { full_name: 'acme/pay', html_url: 'https://github.com/acme/pay' };
    const payload = { action: 'removed', member: user, repository };
    const grant = { change: 'revoked', principal, role: {}, scope: repository.html_url };
    expect(grantOf('member', payload)).toEqual(grant);
    const changes = { role_name: { from: 'maintain' } };
    expect(grantOf('member', { ...payload, changes })).toEqual({ ...grant, role: { name: 'maintain' } });
  });

  it('takes a member from a deleted team, not from the whole organization', () => {
    const team = { id: 301, name: 'Release', deleted: true };
    expect(grantOf('membership', { action: 'removed', member: user, team })).toEqual({
      change: 'revoked',
      principal,
      role: { name: 'member' },
      scope: 'github.com:team/301',
    });
  });

  it('says of a team from which repository it was removed, and which right it held where the payload has it', () => {
    const payload = {
      action: 'removed_from_repository',
      team: { id: 301, name: 'Release', permission: 'pull' },
      repository: { html_url: 'https://github.com/acme/pay', permissions: { pull: false, admin: false } },
    };
    const grant = {
      change: 'revoked',
      principal: { kind: 'unknown', id: 'github.com:team/301', name: 'Release' },
      role: {},
      scope: 'https://github.com/acme/pay',
    };
    expect(grantOf('team', payload)).toEqual(grant);
    const changes = { repository: { permissions: { from: { pull: true, admin: true } } } };
    expect(grantOf('team', { ...payload, changes })).toEqual({ ...grant, role: { name: 'admin' } });
  });

  it('makes up no id for somebody whom the payload does not name', () => {
    for (const event of ['member', 'membership', 'team', 'user']) {
      const [draft] = normalizeObject(event, { action: 'deleted', organization, sender: user });
      expect(draft?.data.grant?.principal).toEqual({ kind: 'unknown' });
      expect(draft?.data).not.toHaveProperty('target');
    }
  });
});

describe('objects that the payload does not number', () => {
  const repository = { full_name: 'acme/pay', html_url: 'https://github.com/acme/pay' };
  const place = { kind: 'repository', id: 'https://github.com/acme/pay', name: 'acme/pay' };

  it.each([undefined, null, 'x', 0, -1, 1.5])(
    'takes a pull request numbered %j for the repository: https://github.com/pull/ is nothing',
    (number) => {
      const payload = { action: 'review_requested', pull_request: { number, title: 'T' } };
      const [draft] = normalizeObject('pull_request', { ...payload, repository });
      expect(draft?.data.target).toEqual(place);
      expect(draft?.data).not.toHaveProperty('links');
      expect(draft?.data).not.toHaveProperty('decision');
      expect(draft).not.toHaveProperty('subject');
      expect(normalizeObject('pull_request', payload)[0]?.data).not.toHaveProperty('target');
    },
  );

  it('takes a ping without a hook for the repository', () => {
    const [draft] = normalizeObject('ping', { zen: 'z', repository, sender: PUSH.sender });
    expect(draft?.data.target).toEqual(place);
    expect(draft).not.toHaveProperty('subject');
    expect(normalizeObject('ping', { hook_id: 7, repository })[0]?.data.target?.id).toBe(
      'https://github.com/acme/pay/settings/hooks/7',
    );
  });

  it.each([...GITHUB_EVENTS.keys()])('makes up no id in %s', (event) => {
    for (const action of ['created', 'deleted', 'requested', 'approved', 'submitted']) {
      for (const draft of normalizeObject(event, { action, repository, sender: PUSH.sender })) {
        const { target, related = [], links = [], decision, grant } = draft.data;
        const ids = [draft.subject, target, ...related, ...links, grant?.principal].map((each) =>
          typeof each === 'string' ? each : each?.id,
        );
        expect([...ids, decision?.request].filter((id) => id?.endsWith('/'))).toEqual([]);
      }
    }
  });
});

describe('hostile and odd members', () => {
  it('survives members named like those of a prototype', () => {
    const body = Buffer.from(
      '{"__proto__":{"action":"closed"},"action":"opened","pull_request":{"__proto__":{"merged":true},"number":1,"toString":1},"changes":{"__proto__":{"from":"x"},"1":{"from":"y"},"hasOwnProperty":{"from":1}}}',
    );
    const [draft] = normalize('pull_request', body);
    expect(draft?.type).toBe('indelible.code.pull_request.opened');
    expect(draft?.data.changes?.map(({ field }) => field)).toEqual(['1', '__proto__', 'hasOwnProperty']);
    expect(({} as Record<string, unknown>)['action']).toBeUndefined();
  });

  it('takes arrays, numbers and nulls where objects belong as absent', () => {
    for (const event of GITHUB_EVENTS.keys()) {
      for (const odd of [null, [], [{}], 0, '', 'x', true]) {
        const members = [
          'sender',
          'repository',
          'organization',
          'pull_request',
          'review',
          'issue',
          'comment',
          'commits',
          'alert',
          'changes',
          'deployment',
          'workflow_run',
          'workflow_job',
          'installation',
          'team',
          'member',
          'rule',
          'release',
          'package',
          'key',
          'hook',
          'reviewers',
          'repositories',
        ];
        const payload = Object.fromEntries(members.map((member) => [member, odd]));
        const drafts = normalizeObject(event, { action: 'created', ...payload, sender: PUSH.sender });
        expect(drafts.map(recordOf).length).toBe(drafts.length);
      }
    }
  });

  it('cuts megabytes of text and replaces lone surrogates', () => {
    const body = Buffer.from(
      JSON.stringify({
        action: 'opened',
        issue: {
          number: 1,
          title: `\ud800${'t'.repeat(1_000_000)}`,
          body: 'b'.repeat(1_000_000),
          html_url: `https://github.com/acme/${'u'.repeat(100_000)}`,
        },
        repository: {
          full_name: `acme/${'n'.repeat(1_000_000)}`,
          html_url: `https://github.com/acme/${'\udc00'.repeat(5_000)}`,
        },
        sender: { login: 'l'.repeat(1_000_000), id: 1, type: 'User' },
      }),
    );
    const [draft] = normalize('issues', body);
    expect(draft).toBeDefined();
    if (draft === undefined) return;
    expect(JSON.stringify(recordOf(draft)).length).toBeLessThan(40_000);
    expect(JSON.stringify(draft).isWellFormed()).toBe(true);
  });

  it('writes a summary on one line whatever a title holds', () => {
    const [draft] = normalizeObject('issues', {
      action: 'opened',
      issue: { number: 1, title: 'a\nb\r\n\tc\u202ed\u0000e' },
      sender: PUSH.sender,
    });
    expect(draft?.data.summary).toBe('mona opened issue #1 "a b c d e"');
  });

  it('takes 2,048 commits of the greatest length without passing what one message may yield', () => {
    const commits = Array.from({ length: 2_048 }, (_, index) => ({
      id: index.toString(16).padStart(40, '0'),
      message: '😀'.repeat(5_000),
      timestamp: '2026-11-20T09:30:00Z',
      added: Array.from({ length: 50 }, (__, file) => `src/${'x'.repeat(100)}${file}`),
    }));
    const drafts = normalizeObject('push', { ...PUSH, commits });
    // The commit of zeros only is no commit, but it is listed: nothing is left out silently.
    expect(drafts).toHaveLength(2_049);
    expect(Buffer.byteLength(JSON.stringify(drafts))).toBeLessThan(16 * 1024 * 1024);
  });

  it('tells how many repositories an installation names where a record for each would be too many', () => {
    const repositories = Array.from({ length: 9_000 }, (_, id) => ({ id, full_name: `acme/r${id}` }));
    const drafts = normalizeObject('installation', {
      action: 'created',
      installation: { id: 1, app_id: 2 },
      repositories,
    });
    expect(drafts).toHaveLength(1);
    expect(drafts[0]?.data.details).toMatchObject({ repositories: 9_000 });
  });

  it('stays below 16 MiB where each of very many repositories has its record', () => {
    const repositories = Array.from({ length: 4_000 }, (_, id) => ({ id, full_name: `acme/${'r'.repeat(80)}${id}` }));
    const permissions = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`permission_of_an_app_${index}`, 'write']),
    );
    const account = { login: 'acme', id: 5, type: 'Organization' };
    const installation = { id: 1, app_id: 2, app_slug: 'octo-linter', permissions, account };
    const drafts = normalizeObject('installation', {
      action: 'created',
      installation,
      repositories,
      sender: PUSH.sender,
    });
    expect(drafts).toHaveLength(4_001);
    expect(JSON.stringify(drafts).length).toBeLessThan(16 * 1024 * 1024);
  });
});

describe('GitHub Enterprise Server and data residency', () => {
  it("names accounts and places by the server's own host", () => {
    const [draft] = normalizeObject('issues', {
      action: 'opened',
      issue: { number: 4, url: 'https://git.example.org/api/v3/repos/acme/pay/issues/4', title: 'x' },
      repository: { full_name: 'acme/pay', html_url: 'https://git.example.org/acme/pay' },
      sender: { login: 'mona', id: 7, type: 'User', html_url: 'https://git.example.org/mona' },
    });
    expect(draft?.source).toBe('https://git.example.org/acme/pay');
    expect(draft?.data.actor?.id).toBe('git.example.org:7');
    expect(draft?.data.target?.id).toBe('https://git.example.org/acme/pay/issues/4');
  });

  it('finds the host of an organization that has only an API address', () => {
    const [draft] = normalizeObject('organization', {
      action: 'renamed',
      organization: { login: 'acme', url: 'https://api.octocorp.ghe.com/orgs/acme' },
    });
    expect(draft?.source).toBe('https://octocorp.ghe.com/acme');
  });
});

it('declares itself for the source of the collector', () => {
  expect(githubNormalizer.source).toBe('github');
  expect(githubNormalizer.version).toBe(1);
});

describe('what a payload calls an address, and is none of its host', () => {
  const REQUEST = 'payments~7f6f1a3e-3c0d-4d6e-9a55-0d9f1a2b3c4d';
  const NONE = [REQUEST, 'urn:indelible:project:payments', 'https://evil.example/acme/pay/pull/1', 'javascript:x'];
  const repository = { full_name: 'evil/x', html_url: 'https://github.com/evil/x', id: 1 };
  const sender = PUSH.sender;

  it.each(NONE)('casts a vote on %s, by the address of an exemption', (html_url) => {
    const [record] = normalizeObject('bypass_request_push_ruleset', {
      action: 'response_submitted',
      exemption_request: { html_url, number: 1, status: 'approved' },
      exemption_response: { status: 'approved', reviewer_login: 'cto', reviewer_id: 1 },
      repository,
      sender,
    });
    expect(record?.data.decision).toMatchObject({
      request: 'https://github.com/evil/x/exemptions/1',
      verdict: 'approve',
    });
    expect(JSON.stringify(record)).not.toContain(html_url);
  });

  it.each(NONE)('makes %s the object of a record of any event', (url) => {
    const planted = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(planted);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) =>
          /^(?:html_)?url$|_url$|^href$/.test(name) ? [name, url] : [name, planted(each)],
        ),
      );
    };
    for (const { event, body } of examplePayloads()) {
      const payload = { ...(planted(JSON.parse(body.toString())) as object), repository, sender };
      for (const { data, source } of normalizeObject(event, payload)) {
        const ids = [source, data.target?.id, data.decision?.request, data.grant?.scope, data.grant?.principal.id];
        for (const { id } of [...(data.related ?? []), ...(data.links ?? [])]) ids.push(id);
        expect(ids.filter((id) => id?.startsWith(url) === true).map((id) => `${event}: ${id}`)).toEqual([]);
      }
    }
  });
});
