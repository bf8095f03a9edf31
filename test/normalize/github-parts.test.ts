import { describe, expect, it } from 'vitest';

import { coAuthors, gitPerson, principalOf } from '../../shared/normalize/github/actor.ts';
import { hashOf, hostOf, ownUrl, refUrl, webUrl } from '../../shared/normalize/github/address.ts';
import { changesOf } from '../../shared/normalize/github/changes.ts';
import { outcomeOf } from '../../shared/normalize/github/conclusion.ts';
import { cutMasked, isSecretField, maskCredentials } from '../../shared/normalize/mask.ts';
import { verbOf } from '../../shared/normalize/github/verb.ts';

const HOST = 'github.com';

describe('who is human', () => {
  it.each([
    [{ login: 'mona', id: 1, type: 'User' }, 'human'],
    [{ login: 'dependabot[bot]', id: 2, type: 'Bot' }, 'service'],
    [{ login: 'github-actions[bot]', id: 3, type: 'Bot' }, 'service'],
    [{ login: 'renovate[bot]', id: 4, type: 'User' }, 'service'],
    [{ login: 'Copilot', id: 5, type: 'Bot' }, 'ai'],
    [{ login: 'copilot-swe-agent[bot]', id: 6, type: 'Bot' }, 'ai'],
    [{ login: 'claude[bot]', id: 7, type: 'Bot' }, 'ai'],
    [{ login: 'claude', id: 8, type: 'User' }, 'human'],
    [{ login: 'github', id: 9, type: 'Organization' }, 'service'],
    [{ login: 'acme', id: 10, type: 'Organization' }, 'unknown'],
    [{ login: 'ghost', id: 11, type: 'User' }, 'unknown'],
    [{ login: 'web-flow', id: 12, type: 'User' }, 'service'],
    [{ login: 'imported', id: 13, type: 'Mannequin' }, 'unknown'],
    [{ login: 'nobody', id: 14 }, 'unknown'],
  ])('%j is %s: a bot taken for a person would count as oversight', (account, kind) => {
    expect(principalOf(account, HOST)?.kind).toBe(kind);
  });

  it('identifies an account by its number, which outlives renaming, on the host that it is of', () => {
    expect(principalOf({ login: 'mona', id: 1, html_url: 'https://git.example.org/mona' }, HOST)?.id).toBe(
      'git.example.org:1',
    );
    expect(principalOf({ login: 'mona' }, HOST)?.id).toBe('github.com:@mona');
    expect(principalOf({ login: '', id: null }, HOST)).toBeUndefined();
  });

  it('finds the account number in the address that GitHub gives out, only under the name it belongs to', () => {
    const own = { username: 'mona', email: '1001+mona@users.noreply.github.com' };
    expect(gitPerson(own, HOST)?.id).toBe('github.com:1001');
    expect(gitPerson({ ...own, username: 'hubot' }, HOST)?.id).toBe('github.com:@hubot');
    expect(gitPerson({ name: 'Mona', email: 'mona@example.com' }, HOST)).toEqual({
      kind: 'unknown',
      id: 'git:mona@example.com',
      name: 'Mona',
    });
  });

  it('reads trailers of co-authors, and only whole ones', () => {
    const message =
      'Fix\n\nCo-authored-by: Mona <m@example.com>\nco-authored-by: Claude <noreply@anthropic.com>\nCo-authored-by: broken';
    expect(coAuthors(message).map(({ kind, id }) => [kind, id])).toEqual([
      ['unknown', 'git:m@example.com'],
      ['ai', 'git:noreply@anthropic.com'],
    ]);
  });
});

describe('addresses', () => {
  it.each([
    ['https://api.github.com/repos/acme/pay/pulls/3', 'https://github.com/acme/pay/pull/3'],
    ['https://api.github.com/repos/acme/pay/pulls/comments/3', 'https://github.com/acme/pay/pulls/comments/3'],
    ['https://api.github.com/repos/acme/pulls/commits/abc', 'https://github.com/acme/pulls/commit/abc'],
    ['https://git.example.org/api/v3/repos/acme/pay/deployments/1', 'https://git.example.org/acme/pay/deployments/1'],
    ['https://api.octocorp.ghe.com/repos/acme/pay/issues/9', 'https://octocorp.ghe.com/acme/pay/issues/9'],
    ['https://github.com/acme/pay/pull/3', 'https://github.com/acme/pay/pull/3'],
    ['https://api.github.com/users/mona', 'https://api.github.com/users/mona'],
  ])('%s is opened at %s: links join by one form', (api, page) => {
    expect(webUrl(api, page)).toBe(page);
  });

  it.each([
    'payments~7f6f1a3e-3c0d-4d6e-9a55-0d9f1a2b3c4d',
    'urn:indelible:project:payments',
    'https://github.com.evil.example/acme/pay/pull/3',
    'https://github.com@evil.example/acme/pay/pull/3',
    'https://git.example.org/api/v3/repos/acme/pay/pulls/3',
    'javascript:alert(1)',
    '',
  ])('%s, no address of the host, is an id all the same', (url) => {
    expect(webUrl(url, 'https://github.com/acme/pay')).toBeUndefined();
    expect(ownUrl(url, 'https://github.com/acme/pay')).toBeUndefined();
  });

  it('takes no host from what is no web address', () => {
    expect(hostOf('https://GitHub.com/acme')).toBe('github.com');
    expect(hostOf('https://api.github.com/orgs/acme')).toBe('github.com');
    expect(hostOf('https://git.example.org:8443')).toBe('git.example.org:8443');
    expect(hostOf('javascript:alert(1)')).toBeUndefined();
    expect(hostOf('https://user@evil/')).toBeUndefined();
    expect(hostOf('')).toBeUndefined();
  });

  it('keeps a branch and a tag of one name apart, and odd names inside the path', () => {
    expect(refUrl('https://github.com/a/b', 'refs/heads/x')).not.toBe(refUrl('https://github.com/a/b', 'refs/tags/x'));
    expect(refUrl('https://github.com/a/b', 'refs/heads/a#b?c d')).toBe(
      'https://github.com/a/b/tree/refs/heads/a%23b%3Fc%20d',
    );
  });

  it('links to whole hashes only: the zeros of a deleted branch are no commit', () => {
    expect(hashOf('a'.repeat(40))).toBe('a'.repeat(40));
    expect(hashOf('a'.repeat(64))).toBe('a'.repeat(64));
    for (const none of ['0'.repeat(40), 'a'.repeat(39), 'A'.repeat(40), 'main', undefined])
      expect(hashOf(none)).toBeUndefined();
  });
});

describe('changes', () => {
  it('reads the value after from the object, from the payload, or from the change itself', () => {
    const payload = {
      changes: {
        title: { from: 'a' },
        base: { ref: { from: 'dev' } },
        repository: { name: { from: 'old' } },
        permission: { from: 'read', to: 'admin' },
        topics: { from: ['x'] },
        homepage: { from: null },
        new_issue: { title: { from: 'no change' } },
        old_permission: { from: 'read' },
      },
      repository: { name: 'new' },
    };
    expect(
      changesOf(payload, { title: 'b', base: { ref: 'main' }, topics: ['x', 'y'], homepage: 'https://h' }),
    ).toEqual([
      { field: 'title', from: 'a', to: 'b' },
      { field: 'base.ref', from: 'dev', to: 'main' },
      { field: 'repository.name', from: 'old', to: 'new' },
      { field: 'permission', from: 'read', to: 'admin' },
      { field: 'topics', from: 'x', to: 'x, y' },
      { field: 'homepage', to: 'https://h' },
      { field: 'old_permission', from: 'read' },
    ]);
  });

  it('masks fields that are secret, and not those that only speak of secrets', () => {
    const payload = { changes: { 'config.secret': { from: 'a' }, secret_scanning: { from: 'disabled' } } };
    expect(changesOf(payload, { secret_scanning: 'enabled' })).toEqual([
      { field: 'config.secret', masked: true },
      { field: 'secret_scanning', from: 'disabled', to: 'enabled' },
    ]);
    expect(['client_secret', 'hook.token', 'password', 'api_key'].filter(isSecretField)).toHaveLength(4);
    expect(['secret_type', 'tokens_used', 'name', 'key'].filter(isSecretField)).toHaveLength(0);
    expect(
      [
        'sharedaccesskey',
        'DBPassword',
        'APIKey',
        'user-pwd',
        'passWord',
        'AZURE_CREDENTIALS',
        'connStr',
        'PAT',
        'x.private-key.2',
      ].filter((name) => !isSecretField(name)),
    ).toEqual([]);
  });
});

describe('credentials in text', () => {
  const repeated = (length: number): string => 'aB3x'.repeat(Math.ceil(length / 4)).slice(0, length);
  it.each([
    ['a GitHub token', `ghp_${repeated(36)}`],
    ['a fine-grained token', `github_pat_${repeated(59)}`],
    ['an installation token', `ghs_${repeated(36)}`],
    ['an AWS key id', `AKIA${'ABCD2345'.repeat(2)}`],
    ['a Slack token', `xoxb-${'123456789012-'.repeat(2)}${repeated(24)}`],
    [
      'a storage key',
      `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${repeated(86)}==;EndpointSuffix=core.windows.net`,
    ],
    ['a hub key', `Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=${repeated(43)}=`],
    ['a shared access signature', `https://x.blob.core.windows.net/c?sv=2024-01-01&sig=${repeated(43)}%3D`],
    ['a function key', `https://x.azurewebsites.net/api/collect?code=${repeated(54)}==`],
    ['an Entra client secret', `abc8Q~${repeated(34)}`],
    ['a JSON Web Token', `eyJ${repeated(20)}.eyJ${repeated(40)}.${repeated(43)}`],
    [
      'a private key',
      `-----BEGIN RSA PRIVATE KEY-----\n${repeated(64)}\n${repeated(64)}\n-----END RSA PRIVATE KEY-----`,
    ],
    ['a password in an address', `postgres://admin:${repeated(12)}@db/pay`],
    ['a password in a connection string', `Server=x;Uid=y;Password=${repeated(12)};`],
    ['a password with spaces in a connection string', `Server=x;pwd=a b ${repeated(12)};Uid=y`],
    ['a quoted password in a connection string', `Server=x;password="a; ${repeated(12)}";Uid=y`],
    ['a connection string within a setting', `db="Server=x;Password=${repeated(12)}"`],
    ['a signature alone', `sv=2024-01-01&sig=${repeated(43)}%3D&se=2026`],
    ['a password with an at sign in an address', `amqps://audit:p@${repeated(12)}@hub.example`],
    ['a bearer token that is no JSON Web Token', `authorization: bearer ${repeated(12)}.def`],
    ['an encrypted token', `eyJ${repeated(20)}..${repeated(16)}.${repeated(40)}.${repeated(22)}`],
    ['a private key in JSON', `"-----BEGIN PRIVATE KEY-----\\n${repeated(64)}\\n-----END PRIVATE KEY-----\\n"`],
    ['a private key of PGP', `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\n${repeated(64)}\n=ab1c`],
    ['a member of JSON', `{"a":{"client_secret":"x \\"${repeated(12)}"}}`],
    ['a member of JSON in JSON', `{\\"apiKey\\":\\"${repeated(12)}\\"}`],
    ['a member of JSON that was cut', `{"apiKey":"${repeated(12)}`],
    ['an AI provider key', `sk-ant-${repeated(40)}`],
    ['an AI provider key behind a name that begins like one', `sk-team-sk-proj-${repeated(40)}`],
    ['a JSON Web Token behind what is none', `eyJ-eyJ${repeated(20)}.eyJ${repeated(40)}.${repeated(43)}`],
    ['a JSON Web Token behind half of one', `eyJa.eyJ${repeated(20)}.${repeated(40)}.${repeated(43)}`],
    ['a JSON Web Token with certificates in its head', `eyJ${repeated(6_000)}.${repeated(40)}.${repeated(43)}`],
    ['a private key of 64 KiB', `-----BEGIN PRIVATE KEY-----\n${repeated(65_536)}\n-----END PRIVATE KEY-----`],
    ['a token longer than those of today', `ghp_${repeated(1_000)}`],
    ['a secret behind a name of no letters', `x 7.password=${repeated(12)}`],
  ])('masks %s', (_, text) => {
    const masked = maskCredentials(`see ${text} here`);
    expect(masked).toContain('[masked]');
    expect(masked).not.toContain(repeated(12));
    expect(masked).not.toContain('ABCD2345ABCD2345');
  });

  it.each([
    'a'.repeat(40),
    `sha256:${'e'.repeat(64)}`,
    'https://github.com/acme/pay/pull/12#pullrequestreview-4401',
    'Fix the password= prompt, see task-1234-with-a-very-long-branch-name',
    '1001+mona@users.noreply.github.com',
    'https://github.com:8443/acme/pay@main',
    'risk-assessment-of-the-year-2026-and-more',
    'The bearer token is sent with Basic authentication. Basic TypeScript, bearers/holders',
    'fix(token): the secret: rotate keys, see password: wrong',
    'secret_scanning=enabled&tokenCount=5',
    '{"secret_type":"a","monkey":"b","tokens_used":"7"}',
  ])('leaves %j alone', (text) => {
    expect(maskCredentials(text)).toBe(text);
  });
});

describe('the time that masking takes', () => {
  // An expression that goes over the same characters again and again takes longer here than a test may.
  it.each([
    'eyJ-',
    'eyJaaaaaaaa',
    'sk-',
    'sk-1A',
    'a-',
    '://a:',
    '::@',
    '-----BEGIN PRIVATE KEY----- -----END ',
    'password=;',
    'token= ',
    '8Q~',
    'basic ',
    'pypi-',
    'a=',
    '"a":"',
    '\\\\',
    'A',
    'token',
    'bearer ',
    'password: \n',
    'password="',
    'eyJaaaaaaaa.',
    '-----BEGIN PRIVATE KEY-----',
  ])('does not explode for 4 MiB of %j alone', (part) => {
    const text = part.repeat(Math.ceil(2 ** 22 / part.length));
    expect(maskCredentials(text).length).toBeGreaterThan(0);
    expect(cutMasked(text, 'long')).toHaveLength(4_096);
    expect(isSecretField(text)).toBe(true);
  });
});

describe('words', () => {
  it.each([
    ['opened', 'opened'],
    ['in_progress', 'started'],
    ['synchronize', 'synchronized'],
    ['Ready-For Review', 'ready_for_review'],
    ['on-demand-test', 'on_demand_test'],
    ['123', 'changed'],
    ['9lives', 'lives'],
    ['___', 'changed'],
    ['ü', 'changed'],
    [undefined, 'changed'],
  ])('the action %j is the verb %s', (action, verb) => {
    expect(verbOf(action)).toBe(verb);
  });

  it('takes a conclusion that it does not know for unknown, never for success', () => {
    expect(outcomeOf('success')).toBe('succeeded');
    expect(outcomeOf('timed_out')).toBe('failed');
    expect(outcomeOf('skipped')).toBe('unknown');
    expect(outcomeOf('brand_new')).toBe('unknown');
    expect(outcomeOf(undefined)).toBe('unknown');
    expect(outcomeOf('constructor')).toBe('unknown');
  });
});
