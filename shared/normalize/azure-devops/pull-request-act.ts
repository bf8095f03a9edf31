/**
 * What was done to a pull request. `git.pullrequest.updated` is sent for votes, reviewers, pushes and changes of status alike,
 * and no member says for which; the message for people does. Votes that merely stand in the list of reviewers were cast
 * before, perhaps for another commit.
 */
export type Act =
  | { readonly kind: 'vote'; readonly vote: number | undefined }
  | {
      readonly kind:
        | 'opened'
        | 'merged'
        | 'abandoned'
        | 'reopened'
        | 'pushed'
        | 'reviewers'
        | 'edited'
        | 'drafted'
        | 'published'
        | 'autoCompleteSet'
        | 'autoCompleteCancelled';
    };

export interface Said {
  readonly act: Act;
  /** Display name of who did it. */
  readonly who: string | undefined;
}

/** Of those that begin at the same place, the first. */
const PHRASES: readonly (readonly [phrase: RegExp, act: Act])[] = [
  [/ (?:has )?approved and left suggestions\b/, { kind: 'vote', vote: 5 }],
  [/ (?:has )?approved with suggestions\b/, { kind: 'vote', vote: 5 }],
  [/ (?:has )?approved\b/, { kind: 'vote', vote: 10 }],
  [/ (?:is|was) waiting (?:for|on) the author\b/, { kind: 'vote', vote: -5 }],
  [/ (?:has )?rejected\b/, { kind: 'vote', vote: -10 }],
  [/ (?:has )?(?:reset|withdrew|withdrawn|removed|cleared)\b.{0,40}\b(?:votes?|feedback)\b/, { kind: 'vote', vote: 0 }],
  [/ (?:has )?voted\b/, { kind: 'vote', vote: undefined }],
  [/ (?:has )?(?:changed|updated) the reviewers?(?: list)?\b/, { kind: 'reviewers' }],
  [/ (?:has )?(?:added|removed) .{1,256}? as an? (?:required |optional )?reviewer\b/, { kind: 'reviewers' }],
  [/ (?:has )?updated the source branch\b/, { kind: 'pushed' }],
  [/ (?:has )?pushed\b/, { kind: 'pushed' }],
  [/ (?:has )?marked .{0,80}?\bas completed\b/, { kind: 'merged' }],
  [/ (?:has )?completed\b/, { kind: 'merged' }],
  [/ (?:has )?marked .{0,80}?\bas abandoned\b/, { kind: 'abandoned' }],
  [/ (?:has )?abandoned\b/, { kind: 'abandoned' }],
  [/ (?:has )?marked .{0,80}?\bas (?:active|reactivated)\b/, { kind: 'reopened' }],
  [/ (?:has )?reactivated\b/, { kind: 'reopened' }],
  [/ (?:has )?marked .{0,80}?\bas (?:a )?draft\b/, { kind: 'drafted' }],
  [/ (?:has )?(?:published|marked .{0,80}?\bas ready)\b/, { kind: 'published' }],
  [/ (?:has )?set .{0,80}?\bauto-?complete\b/, { kind: 'autoCompleteSet' }],
  [/ (?:has )?(?:cancell?ed|unset|turned off|removed) .{0,80}?\bauto-?complete\b/, { kind: 'autoCompleteCancelled' }],
  [/ (?:has )?created\b/, { kind: 'opened' }],
  [/ (?:has )?(?:updated|edited|renamed|changed)\b/, { kind: 'edited' }],
];

/** Undefined where there is no message, or one that says nothing known. */
export function readAct(message: string | undefined): Said | undefined {
  if (message === undefined) return undefined;
  // The title follows in parentheses, and may read like anything.
  const said = message.replace(/\bpull request \d{1,12} \(.*$/s, 'pull request');
  let first: { readonly at: number; readonly act: Act } | undefined;
  for (const [phrase, act] of PHRASES) {
    const at = said.search(phrase);
    if (at !== -1 && (first === undefined || at < first.at)) first = { at, act };
  }
  if (first === undefined) return undefined;
  const who = said.slice(0, first.at).trim();
  return { act: first.act, who: who === '' ? undefined : who };
}
