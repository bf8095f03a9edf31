import { describe, expect, test } from 'vitest';

import { normalizeObject } from './github-payloads.ts';

const VALUE = 'pl4in-V4lue';
const repository = { full_name: 'acme/pay', html_url: 'https://github.com/acme/pay' };

function told(event: string, payload: object): string {
  return JSON.stringify(normalizeObject(event, { repository, ...payload }));
}

describe('a secret that somebody hands to a workflow reaches its record', () => {
  test.each(
    'dbPassword admin-password apiKey api-key clientSecret PASSWORD_PROD password2 access_key bearer dbpassword DB_PASS'.split(
      ' ',
    ),
  )('as the input %s', (name) => {
    const text = told('workflow_dispatch', { workflow: 'w.yml', inputs: { [name]: VALUE, region: 'weu' } });
    expect(text).not.toContain(VALUE);
    expect(text).toContain(`${name}=[masked]`);
    expect(text).toContain('region=weu');
  });

  test.each<[string, unknown]>([
    ['in an object', { config: { host: 'h', password: VALUE, token: VALUE } }],
    ['in a list', { list: [{ secret: VALUE }, { id: 1 }] }],
    ['of several values', { passwords: [VALUE, VALUE] }],
    ['that is an object', { credentials: { user: 'u', value: VALUE } }],
    ['in JSON as text', { config: `{"db":{"password":"${VALUE}"}}` }],
    ['in JSON within JSON as text', { config: { inner: `{"password":"${VALUE}"}` } }],
    ['in a file of settings', { env: `HOST=h\nDB_PASSWORD=${VALUE}\nMODE=fast` }],
    ['in YAML', { values: `host: h\npassword: ${VALUE}\n` }],
    ['in a command', { run: `deploy --client-secret=${VALUE} --region=weu` }],
    ['as an authorization', { header: `Bearer ${VALUE}` }],
    ['as a user with a password', { header: `Basic ${Buffer.from(`u:${VALUE}`).toString('base64')}` }],
    ['in a connection string', { db: `Server=h;User Id=u;Password=${VALUE};Encrypt=True` }],
    ['in an address', { url: `https://u:${VALUE}@h.example/x` }],
  ])('%s', (_where, inputs) => {
    for (const text of [
      told('workflow_dispatch', { inputs }),
      told('repository_dispatch', { action: 'go', client_payload: inputs }),
    ]) {
      expect(text).toContain('[masked]');
      expect(text).not.toContain(VALUE);
      expect(text).not.toContain(Buffer.from(`u:${VALUE}`).toString('base64'));
    }
  });

  test.each(['tokenCount', 'keyboard', 'monkey', 'passwordless', 'token_expires_at', 'secretName', 'compass'])(
    'and %s, which is none, is hidden',
    (name) => {
      expect(told('workflow_dispatch', { inputs: { [name]: VALUE } })).toContain(`${name}=${VALUE}`);
    },
  );
});

describe('the value of a custom property that is named like a secret reaches its record', () => {
  test('where it is set', () => {
    const text = told('custom_property_values', {
      old_property_values: [{ property_name: 'deployPassword', value: 'old-V4lue' }],
      new_property_values: [
        { property_name: 'deployPassword', value: VALUE },
        { property_name: 'tier', value: 'gold' },
      ],
    });
    expect(text).not.toMatch(/V4lue/);
    expect(text).toContain('{"field":"deployPassword","masked":true}');
    expect(text).toContain('gold');
  });

  test('where it is the default', () => {
    const text = told('custom_property', {
      action: 'updated',
      definition: { property_name: 'deployPassword', default_value: VALUE, allowed_values: [VALUE] },
      changes: { default_value: { from: 'old-V4lue' } },
    });
    expect(text).not.toMatch(/V4lue/);
    expect(text).toContain('{"field":"default_value","masked":true}');
  });
});

test('what a rule says of secret scanning is hidden as if it were a secret', () => {
  const [draft] = normalizeObject('security_and_analysis', {
    repository: { ...repository, security_and_analysis: { secret_scanning_push_protection: { status: 'disabled' } } },
    changes: { from: { security_and_analysis: { secret_scanning_push_protection: { status: 'enabled' } } } },
  });
  expect(draft?.data.changes).toEqual([{ field: 'secret_scanning_push_protection', from: 'enabled', to: 'disabled' }]);
});
