import type { ImmutableStore } from '../shared/seal/immutable-store.ts';
import { parseTrailBlob } from '../shared/verify/trail-blobs.ts';
import { formatKeyBlob } from '../shared/wire/log-name.ts';

/**
 * Whether a folder holds a copy of another trail than the one that is to be copied there: nobody could tell two of them apart
 * again. It does where it has keys, or logs, and the trail has not one of these keys, or no log of that name; some may be gone
 * there by now, by retention. Gives what differs, as a sentence. Throws StoreError.
 */
export async function findOtherTrail(copy: ImmutableStore, trail: ImmutableStore): Promise<string | undefined> {
  const keys = new Set<string>();
  const trails = new Set<string>();
  for await (const { name } of copy.list('')) {
    const blob = parseTrailBlob(name);
    if (blob.kind === 'key') keys.add(blob.sha256);
    if (blob.kind === 'segment') trails.add(trailOf(blob.log));
  }
  if (!(await hasAny(trail, keys, formatKeyBlob))) return `the key ${first(keys)} lies in it, and not there`;
  if (!(await hasAny(trail, trails, (name) => `segments/${name}/`))) {
    return `logs of ${first(trails)} lie in it, and none there`;
  }
  return undefined;
}

/** Without hub, partition and generation. */
function trailOf(log: string): string {
  return log.replace(/\/anchors$|(?:\/[^/]+){3}$/, '');
}

/** True, too, where there is nothing to look for. */
async function hasAny(
  trail: ImmutableStore,
  names: ReadonlySet<string>,
  prefixOf: (name: string) => string,
): Promise<boolean> {
  for (const name of names) {
    for await (const _ of trail.list(prefixOf(name))) return true;
  }
  return names.size === 0;
}

function first(names: ReadonlySet<string>): string {
  return [...names][0] ?? '';
}
