import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, numberAt, objectAt, textAt, textsAt, timeAt, uriAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { hashOf } from './address.ts';
import { changesOf } from './changes.ts';
import { draftOf, linkTo } from './draft.ts';
import type { Delivery } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/** `star`, `watch`: of no consequence, sealed all the same. */
export function normalizeStar(delivery: Delivery): readonly RecordDraft[] {
  const { event, action, payload, source } = delivery;
  const name = textAt(payload, 'repository', 'full_name') ?? source;
  const watched = event === 'watch';
  const verb = watched
    ? 'watched'
    : action === 'created'
      ? 'starred'
      : action === 'deleted'
        ? 'unstarred'
        : verbOf(action);
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'repository',
      verb,
      time: verb === 'starred' ? timeAt(payload, 'starred_at') : undefined,
      subject: name,
      target: { kind: 'repository', id: source, name },
      inconsequential: true,
      did: `${verb} ${name}`,
      joint: '',
    }),
  ];
}

/** `sponsorship` */
export function normalizeSponsorship(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host } = delivery;
  const sponsorship = objectAt(payload, 'sponsorship');
  const sponsored = principalOf(objectAt(sponsorship, 'sponsorable') ?? objectAt(sponsorship, 'maintainer'), host);
  const verb = verbOf(action);
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'sponsorship',
      verb,
      time: action === 'created' ? timeAt(sponsorship, 'created_at') : undefined,
      subject: `sponsorships/${sponsored?.name ?? ''}`,
      target: { kind: 'sponsorship', id: `${source}/sponsors/${sponsored?.name ?? ''}` },
      related: [
        relatedPerson('sponsored', sponsored),
        relatedPerson('sponsor', principalOf(objectAt(sponsorship, 'sponsor'), host)),
      ],
      changes: changesOf(payload, sponsorship),
      details: { tier: textAt(sponsorship, 'tier', 'name'), effective: timeAt(payload, 'effective_date') },
      inconsequential: true,
      did: saidOf(verb, `the sponsorship of ${sponsored?.name ?? 'somebody'}`),
    }),
  ];
}

/** `marketplace_purchase`: plans of an app; what the app may do, `installation` says. */
export function normalizePurchase(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const purchase = objectAt(payload, 'marketplace_purchase');
  const account = principalOf(objectAt(purchase, 'account'), host);
  const plan = textAt(purchase, 'plan', 'name');
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'marketplace_purchase',
      verb,
      time: timeAt(payload, 'effective_date'),
      subject: `marketplace/${account?.name ?? ''}`,
      target: {
        kind: 'marketplacePurchase',
        id: `${source}/marketplace/${account?.id ?? ''}`,
        ...(plan === undefined ? {} : { name: plan }),
      },
      related: [relatedPerson('account', account)],
      details: {
        plan,
        formerPlan: textAt(payload, 'previous_marketplace_purchase', 'plan', 'name'),
        billingCycle: textAt(purchase, 'billing_cycle'),
        units: numberAt(purchase, 'unit_count'),
      },
      inconsequential: true,
      did: saidOf(verb, `the plan${plan === undefined ? '' : ` "${plan}"`} for ${account?.name ?? 'an account'}`),
    }),
  ];
}

/**
 * `ping`, `meta`: the hook that brings all other events came to be, or went. What the trail is told from here on depends
 * on it: category trail.
 */
export function normalizeHook(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, source } = delivery;
  const hook = objectAt(payload, 'hook');
  const id = idAt(payload, 'hook_id') ?? idAt(hook, 'id') ?? '';
  const verb = event === 'ping' ? 'pinged' : verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'trail',
      object: 'webhook',
      verb,
      subject: `hooks/${id}`,
      target: { kind: 'webhook', id: `${source}/settings/hooks/${id}`, name: textAt(hook, 'type') ?? 'webhook' },
      details: {
        hookType: textAt(hook, 'type'),
        active: booleanAt(hook, 'active'),
        events: textsAt(hook, 'events').join(', '),
        contentType: textAt(hook, 'config', 'content_type'),
        insecureSsl: idAt(hook, 'config', 'insecure_ssl'),
        receiver: withoutQuery(uriAt(hook, 'config', 'url')),
        hookUpdatedAt: timeAt(hook, 'updated_at'),
      },
      did:
        event === 'ping'
          ? 'set up the webhook that reports to this trail'
          : `${verb} the webhook that reported to this trail`,
    }),
  ];
}

/** Receivers have keys and passwords in their addresses. */
function withoutQuery(url: string | undefined): string | undefined {
  return url === undefined ? undefined : url.replace(/[?#].*$/s, '').replace(/^(https?:\/\/)[^/@]*@/i, '$1');
}

/** `cache_sync`: a repository cache of a GitHub Enterprise Server caught up. */
export function normalizeCacheSync(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const after = textAt(payload, 'after');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'cache',
      verb: 'synchronized',
      subject: textAt(payload, 'ref'),
      target: { kind: 'repository', id: source, name: textAt(payload, 'repository', 'full_name') ?? source },
      details: {
        cache: textAt(payload, 'cache_location'),
        ref: textAt(payload, 'ref'),
        before: textAt(payload, 'before'),
        after,
      },
      links: [linkTo('commit', hashOf(after))],
      inconsequential: true,
      did: `synchronized the cache ${textAt(payload, 'cache_location') ?? ''}`,
      joint: 'of',
    }),
  ];
}

/** `content_reference`: an issue or comment mentioned an address that an app watches. */
export function normalizeContentReference(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const reference = objectAt(payload, 'content_reference');
  const id = idAt(reference, 'id') ?? '';
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'content_reference',
      verb,
      subject: `content_references/${id}`,
      target: { kind: 'contentReference', id: `${source}/content_references/${id}` },
      details: { reference: longTextAt(reference, 'reference') },
      inconsequential: true,
      did: `${verb} a content reference`,
    }),
  ];
}
