/**
 * Why a log was opened, as the sealer itself says it in `opened.reason`; such a log begins at number 0. An operator's reason
 * is free text and its log may begin anywhere, so it must not read as one of these: a verifier would look for the numbers
 * below.
 */
export const FIRST_LOG_REASON = 'first';

const RECREATED_HUB = 'the hub was created anew ';

/** `created`: the new hub's creation time. */
export function formatRecreatedHubReason(created: string): string {
  return `${RECREATED_HUB}at ${created}`;
}

/** True for the sealer's own reasons. */
export function isOpenedByItself(reason: string): boolean {
  return reason === FIRST_LOG_REASON || reason.startsWith(RECREATED_HUB);
}
