import { parsePayload } from './github/body.ts';
import { readDelivery } from './github/draft.ts';
import { GITHUB_EVENTS } from './github/events.ts';
import { namesObject, objectMembers } from './github/objects.ts';
import { cutMasked } from './mask.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';

/**
 * GitHub webhooks, of github.com and of Enterprise Servers. `envelope.event` is `X-GitHub-Event`; the body is JSON, or a
 * form with the JSON in its field `payload`. Throws Unrecognized `event` for a name that is not in the table, `json` and
 * `shape` for a body that is no JSON object, `shape` for one that lacks what its event needs: who acted, or on what. Any
 * other member that is odd or missing never throws, it is absent from the record.
 */
export const githubNormalizer: Normalizer = {
  source: 'github',
  version: 1,
  normalize({ envelope, body }: NormalizerInput): readonly RecordDraft[] {
    const { event } = envelope;
    if (event === undefined || event === '') {
      throw new Unrecognized(
        'event',
        'The delivery came without the header X-GitHub-Event, which says what it tells of.',
      );
    }
    const rule = GITHUB_EVENTS.get(event);
    if (rule === undefined) {
      throw new Unrecognized('event', `GitHub sends no event "${cutMasked(event, 64)}" that this version knows.`);
    }
    const payload = parsePayload(body);
    const drafts = rule.handler(readDelivery(event, payload));
    if (!namesObject(event, payload) && drafts.every(({ data }) => data.actor === undefined)) {
      throw new Unrecognized(
        'shape',
        `The payload names neither who acted nor, as ${objectMembers(event).join(' or ')}, on what: it tells of no ${event}.`,
      );
    }
    return drafts;
  },
};
