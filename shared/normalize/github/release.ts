import type { Link } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, objectAt, objectsAt, textAt, timeAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { hashOf, refOf, refUrl } from './address.ts';
import { changesOf } from './changes.ts';
import { draftOf, htmlUrl, linkTo, quoted } from './draft.ts';
import type { Delivery } from './draft.ts';
import { verbOf } from './verb.ts';

/** `release` */
export function normalizeRelease(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host } = delivery;
  const release = objectAt(payload, 'release');
  const id = idAt(release, 'id') ?? '';
  const tag = textAt(release, 'tag_name');
  const tagRef = refOf(tag, 'tag');
  const url = htmlUrl(release, source) ?? `${source}/releases/${tag === undefined ? id : `tag/${tag}`}`;
  const verb = verbOf(action);
  const commitish = textAt(release, 'target_commitish');
  return [
    draftOf(delivery, {
      category: 'deployment',
      object: 'release',
      verb,
      time: releaseTime(action, release),
      subject: `releases/${id}`,
      target: { kind: 'release', id: url, name: textAt(release, 'name') ?? tag ?? id },
      related: [
        relatedPerson('author', principalOf(objectAt(release, 'author'), host)),
        tagRef === undefined
          ? undefined
          : { part: 'tag', kind: 'tag', id: refUrl(source, tagRef.full), name: tagRef.short },
      ],
      changes: changesOf(payload, release),
      details: {
        tag,
        targetCommitish: commitish,
        draft: booleanAt(release, 'draft'),
        prerelease: booleanAt(release, 'prerelease'),
        immutable: booleanAt(release, 'immutable'),
        assets: objectsAt(release, 'assets').length,
        assetNames: objectsAt(release, 'assets')
          .flatMap((asset) => textAt(asset, 'name') ?? [])
          .join(', '),
        body: longTextAt(release, 'body'),
      },
      links: [
        linkTo('release', url),
        linkTo('commit', hashOf(commitish)),
        ...objectsAt(release, 'assets').map((asset) => artifactLink(textAt(asset, 'digest'))),
      ],
      did: `${verb} release${quoted(textAt(release, 'name') ?? tag)}`,
    }),
  ];
}

/** Not `created_at`: for a release that is the date of the commit it is made from. */
function releaseTime(action: string | undefined, release: JsonObject | undefined): string | undefined {
  if (action === 'published' || action === 'released' || action === 'prereleased')
    return timeAt(release, 'published_at');
  if (action === 'created') return timeAt(release, 'published_at') ?? timeAt(release, 'updated_at');
  return action === 'edited' ? timeAt(release, 'updated_at') : undefined;
}

function artifactLink(digest: string | undefined): Link | undefined {
  return linkTo('artifact', digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined);
}

/** `package` and, for container and other registries, `registry_package`. */
export function normalizePackage(delivery: Delivery): readonly RecordDraft[] {
  const { event, action, payload, source, host } = delivery;
  const thing = objectAt(payload, event) ?? objectAt(payload, 'package') ?? objectAt(payload, 'registry_package');
  const version = objectAt(thing, 'package_version');
  const name = textAt(thing, 'name');
  const number = textAt(version, 'version');
  const files = objectsAt(version, 'package_files');
  const verb = verbOf(action);
  const called = `${name ?? 'a package'}${number === undefined ? '' : ` ${number}`}`;
  return [
    draftOf(delivery, {
      category: 'deployment',
      object: 'package',
      verb,
      // A container's version has no times of its own; its package was changed by it.
      time: timeAt(version, action === 'published' ? 'created_at' : 'updated_at') ?? timeAt(thing, 'updated_at'),
      subject: `packages/${idAt(thing, 'id') ?? name ?? ''}`,
      target: {
        kind: 'package',
        id: htmlUrl(version, source) ?? htmlUrl(thing, source) ?? `${source}/packages/${idAt(thing, 'id') ?? ''}`,
        name: called,
      },
      related: [
        relatedPerson('owner', principalOf(objectAt(thing, 'owner'), host)),
        relatedPerson('author', principalOf(objectAt(version, 'author'), host)),
      ],
      details: {
        package: name,
        version: number,
        namespace: textAt(thing, 'namespace'),
        ecosystem: textAt(thing, 'package_type') ?? textAt(thing, 'ecosystem'),
        tag: textAt(version, 'tag_name') ?? textAt(version, 'container_metadata', 'tag', 'name'),
        targetCommitish: textAt(version, 'target_commitish'),
        targetOid: textAt(version, 'target_oid'),
        files: files.length,
        prerelease: booleanAt(version, 'prerelease'),
      },
      links: [
        linkTo('commit', hashOf(textAt(version, 'target_oid'))),
        linkTo('release', htmlUrl(objectAt(version, 'release'), source)),
        artifactLink(textAt(version, 'name')),
        artifactLink(number),
        artifactLink(textAt(version, 'container_metadata', 'tag', 'digest')),
        ...files.map((file) => {
          const sha256 = textAt(file, 'sha256');
          return artifactLink(sha256 === undefined ? undefined : `sha256:${sha256}`);
        }),
      ],
      did: `${verb} package ${called}`,
    }),
  ];
}
