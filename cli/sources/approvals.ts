import type { SampleMessage, SourceDescription } from './source.ts';

/** What docs/sources.md says of the steps that people and apps send to the approvals API. */
export const APPROVALS_DESCRIPTION: SourceDescription = {
  authenticated: 'bearer token with the app role `Approvals.Write`; votes, delegations and revocations only by people',
  intro:
    'Steps of a request for a decision. Who and when come from the token and our clock; the body can set neither. A step that leaves out or misspells something is sealed all the same, and says so. The sample leaves out on purpose. An empty body withdraws, or takes back a vote. A body that is no JSON is sealed as `unrecognized`, with its sender and its request; asking so gives a request of the project `unknown`, while JSON without a valid `project` is refused with 400. `envelope.delivery` is the JSON of tenant, object id, step, request id and `Idempotency-Key` (or a new UUID). What a step is worth is said by the fold over all of them ([api.md](api.md)).',
  fills: new Map([
    ['source', '`urn:indelible:project:<project>`'],
    ['actor', "the token's object id: `entra:<object id>`; `service` for an app's own token"],
    ['target', 'the request; its title and the environment that it covers'],
    ['links', 'the request, the commits and artifacts that it covers, and what else the body says that it belongs to'],
    ['decision', 'all that the body states in the right form; roles and assurance from the token'],
    ['time', 'when the API received it'],
  ]),
  details: new Map([
    ['incomplete', 'members that the step cannot be understood without, and that it lacks'],
    ['unreadable', 'members that are there in a wrong form'],
  ]),
};

const REQUEST = 'payments~5f0c9d7e-3b1a-8c2d-9e4f-a1b2c3d4e5f6';

/** One of each step, with all that can be filled and something that cannot be read. */
export const APPROVALS_SAMPLES: readonly SampleMessage[] = [
  'requested',
  'voted',
  'withdrawn',
  'reopened',
  'delegated',
  'revoked',
].map((event) => ({
  source: 'approvals',
  event,
  subject: REQUEST,
  claims: { oid: '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11', name: 'Mona Lisa', roles: ['Approvals.Write'] },
  body: {
    cost: 'a lot',
    covers: [
      { kind: 'commit', id: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' },
      { kind: 'artifact', id: 'sha256:9f86d081' },
    ],
    links: [{ kind: 'aiOutput', id: 'resp_0a1b2c' }],
  },
}));
