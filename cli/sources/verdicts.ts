import type { SampleMessage, SourceDescription } from './source.ts';

/** What docs/sources.md says of people's verdicts on what machines decide. */
export const VERDICTS_DESCRIPTION: SourceDescription = {
  authenticated: 'bearer token of a person with the app role `Approvals.Write`',
  intro:
    "What people say of what machines decide: a verdict on one output of an AI (`given`), and that a version of a decision logic was verified (`verified`). Each is a record of the person's own, later than what it speaks of, and joined to it by the output's id or the logic's hash. `envelope.subject` is that id or hash. Whether there is such an output is not looked at.",
  fills: new Map([
    ['source', '`urn:indelible:project:<project>`, or `urn:indelible:ai` where the body names none'],
    ['actor', "the token's object id"],
    ['target', 'the output by its id; the logic as `sha256:<hash>`'],
    [
      'ai',
      'verdict, reason, hashes of what was shown and of the edit, before or after it took effect; name, version and hash of the logic, and the result',
    ],
    ['links', 'the output, and what else the body says that it belongs to: evidence, requests'],
    ['time', 'when the API received it'],
  ]),
  details: new Map([
    ['incomplete', 'members that the verdict cannot be understood without, and that it lacks'],
    ['unreadable', 'members that are there in a wrong form'],
  ]),
};

const CLAIMS = { oid: '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11', name: 'Mona Lisa', roles: ['Approvals.Write'] };

export const VERDICTS_SAMPLES: readonly SampleMessage[] = [
  ...['accepted', 'edited', 'overridden', 'rejected'].map((verdict) => ({
    source: 'verdicts',
    event: 'given',
    subject: 'resp_0a1b2c',
    claims: CLAIMS,
    body: { project: 'payments', verdict, shown: 'no hash', links: [{ kind: 'request', id: 'payments~1' }] },
  })),
  {
    source: 'verdicts',
    event: 'verified',
    subject: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    claims: CLAIMS,
    body: {
      project: 'payments',
      name: 'pricing',
      version: '12',
      shown: 'no hash',
      links: [{ kind: 'workItem', id: 'https://github.com/acme/payments/issues/7' }],
    },
  },
];
