import { parsePayload } from './github/body.ts';
import { readDelivery } from './github/draft.ts';
import { GITHUB_EVENTS } from './github/events.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';

/**
 * GitHub webhooks, of github.com and of Enterprise Servers. `envelope.event` is `X-GitHub-Event`; the body is JSON, or a
 * form with the JSON in its field `payload`. Throws Unrecognized `event` for a name that is not in the table, `json` and
 * `shape` for a body that is no JSON object; an odd or missing member never throws, it is absent from the record.
 */
export const githubNormalizer: Normalizer = {
  source: 'github',
  version: 1,
  normalize({ envelope, body }: NormalizerInput): readonly RecordDraft[] {
    const event = envelope.event ?? '';
    const rule = GITHUB_EVENTS.get(event);
    if (rule === undefined) {
      throw new Unrecognized('event', `GitHub sends no event "${event.slice(0, 64)}" that this version knows.`);
    }
    return rule.handler(readDelivery(event, parsePayload(body)));
  },
};
