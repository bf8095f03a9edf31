import type { JsonObject } from '../../wire/json.ts';
import { cutMasked, maskCredentials } from '../mask.ts';
import { objectAt, textAt, uriAt } from '../read.ts';

/**
 * Addresses as people open them. Payloads give some objects by their API address alone; ids in the trail must be the
 * same whichever of the two a payload had, or links would not join.
 */

const DEFAULT_HOST = 'github.com';
const HOST = /^https?:\/\/([a-z0-9][a-z0-9.-]{0,252}(?::\d{1,5})?)(?=\/|$)/i;

/** github.com, a GitHub Enterprise Server's own host, or a data-residency host such as octocorp.ghe.com. */
export function hostOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  // That of nearly all addresses, and there are many in a payload.
  if (url.startsWith(`https://${DEFAULT_HOST}/`)) return DEFAULT_HOST;
  const host = HOST.exec(url)?.[1]?.toLowerCase();
  if (host === undefined) return undefined;
  return host === 'api.github.com' || (host.startsWith('api.') && host.endsWith('.ghe.com')) ? host.slice(4) : host;
}

const PLACES_OF_HOST: readonly (readonly string[])[] = [
  ['repository', 'html_url'],
  ['organization', 'html_url'],
  ['organization', 'url'],
  ['enterprise', 'html_url'],
  ['installation', 'account', 'html_url'],
  ['sender', 'html_url'],
  ['sender', 'url'],
  ['user', 'html_url'],
  ['security_advisory', 'html_url'],
];

/** The host that a payload speaks of: the first of its objects whose address names one. */
export function payloadHost(payload: JsonObject): string {
  for (const path of PLACES_OF_HOST) {
    const host = hostOf(uriAt(payload, ...path));
    if (host !== undefined) return host;
  }
  return DEFAULT_HOST;
}

/** The repository's page, else the organization's, the account's or the enterprise's, else the host's. */
export function payloadSource(payload: JsonObject, host: string): string {
  return (
    pageOf(objectAt(payload, 'repository'), host) ??
    pageOf(objectAt(payload, 'organization'), host) ??
    // Before the enterprise: it is this account's data that the app may reach.
    pageOf(objectAt(payload, 'installation', 'account'), host) ??
    pageOf(objectAt(payload, 'enterprise'), host) ??
    pageOf(objectAt(payload, 'account'), host) ??
    `https://${host}`
  );
}

/** The page of a repository, an organization, an enterprise or a user on that host; organizations come without `html_url`. */
export function pageOf(thing: JsonObject | undefined, host: string): string | undefined {
  const page = uriAt(thing, 'html_url');
  if (hostOf(page) === host) return page;
  const name = textAt(thing, 'full_name') ?? textAt(thing, 'login');
  return name === undefined ? undefined : cutMasked(`https://${host}/${name}`, 'uri');
}

const API =
  /^(https?:\/\/)(?:(api\.github\.com|api\.[a-z0-9.-]+\.ghe\.com)|([a-z0-9.-]+(?::\d{1,5})?)\/api\/v3)\/repos\/(.*)$/i;

/**
 * An address, where it is one of the host of `source`: what a payload calls an address may hold any text, a request's id of our
 * own too, and ids are made of it.
 */
export function ownUrl(url: string | undefined, source: string): string | undefined {
  return url !== undefined && hostOf(url) === hostOf(source) ? url : undefined;
}

/** The page that belongs to an address of the REST API, any other address as it is; undefined as in {@link ownUrl}. */
export function webUrl(address: string | undefined, source: string): string | undefined {
  const url = ownUrl(address, source);
  const match = url === undefined ? null : API.exec(url);
  if (match === null) return url;
  const [, scheme, api, server, path = ''] = match;
  const page = path
    .replace(/^([^/]+\/[^/]+)\/pulls\/(?=\d)/, '$1/pull/')
    .replace(/^([^/]+\/[^/]+)\/commits\//, '$1/commit/');
  return `${scheme}${api === undefined ? server : api.slice(4)}/${page}`;
}

/** The page of a branch or a tag. The full ref, for a branch and a tag may have one name. */
export function refUrl(repository: string, ref: string): string {
  // Masked before it is encoded: `%20` before a credential hides where it begins.
  const path = encodeURI(maskCredentials(ref).toWellFormed()).replaceAll('#', '%23').replaceAll('?', '%3F');
  return cutMasked(`${repository}/tree/${path}`, 'uri');
}

/** A Git ref, by its full name and as people call it. */
export interface Ref {
  readonly kind: 'branch' | 'tag' | 'ref';
  readonly full: string;
  /** Without `refs/heads/` and the like. */
  readonly short: string;
}

/** A full ref, or a short one whose kind is known from elsewhere (as in `create`, `pull_request.base.ref`). */
export function refOf(text: string | undefined, kind: Ref['kind'] = 'ref'): Ref | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith('refs/heads/')) return { kind: 'branch', full: text, short: text.slice(11) };
  if (text.startsWith('refs/tags/')) return { kind: 'tag', full: text, short: text.slice(10) };
  if (kind === 'branch') return { kind, full: `refs/heads/${text}`, short: text };
  if (kind === 'tag') return { kind, full: `refs/tags/${text}`, short: text };
  return { kind: 'ref', full: text, short: text };
}

/** A commit as people write it. What should be a hash may be anything, and half of a credential is not recognized any more. */
export function shortHash(hash: string): string {
  return maskCredentials(hash).slice(0, 12);
}

/** A Git object's full hash; undefined for anything else, the zeros that stand for "none" included. */
export function hashOf(text: string | undefined): string | undefined {
  return text !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) && !/^0+$/.test(text) ? text : undefined;
}
