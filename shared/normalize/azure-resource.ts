import { cutMasked } from './mask.ts';

/** An Azure resource id, taken apart. Ids vary in case from event to event; `id` and `kind` are lower-case, so that they join. */
export interface AzureResource {
  readonly id: string;
  /** `<provider>/<type>[/<type>…]`; that of an extension resource is its own, not that of what it extends. */
  readonly kind: string;
  /** As the source writes it. */
  readonly name: string | undefined;
  /** `/subscriptions/<id>`, lower-case; undefined for what lies above subscriptions. */
  readonly subscription: string | undefined;
  /** The id of what an extension resource extends, or of a child's parent; `/` for the tenant. */
  readonly scope: string;
}

/** What is below a role assignment or a request for one is about the same scope. */
const AUTHORIZATION = 'microsoft.authorization';

/**
 * The grammar of resource ids: pairs of type and name, where the type `providers` is followed by a namespace. Read from the
 * left: a resource may be named `providers`. Takes any text.
 */
export function parseResourceId(text: string): AzureResource {
  const segments = text
    .split('/')
    .map((segment) => segment.trim())
    .filter((segment) => segment !== '');
  let namespace = 'microsoft.resources';
  let types: string[] = [];
  let name: string | undefined;
  let scopeLength = 0;
  for (let i = 0; i < segments.length; i += 2) {
    const type = segments[i]?.toLowerCase() ?? '';
    if (type === 'providers') {
      namespace = segments[i + 1]?.toLowerCase() ?? namespace;
      types = [];
      scopeLength = i;
    } else {
      types.push(type);
      if (types.length > 1 && namespace !== AUTHORIZATION) scopeLength = i;
    }
    name = segments[i + 1];
  }
  const lower = segments.map((segment) => segment.toLowerCase());
  return {
    id: cutMasked(`/${lower.join('/')}`, 'uri'),
    kind: cutMasked([namespace, ...types].join('/'), 'name'),
    name: name === undefined ? undefined : cutMasked(name),
    subscription:
      lower[0] === 'subscriptions' && lower[1] !== undefined
        ? cutMasked(`/subscriptions/${lower[1]}`, 'uri')
        : undefined,
    scope: cutMasked(`/${lower.slice(0, scopeLength).join('/')}`, 'uri'),
  };
}

/**
 * Id of one operation on one resource, for the link `operation`: the event of Event Grid and the rows of the Activity Log
 * have different ids of their own, and share this. `resource`: an id of {@link parseResourceId}.
 */
export function operationLink(correlationId: string, operationName: string, resource: string): string {
  return cutMasked(`${correlationId}/${operationName}${resource}`.toLowerCase(), 'uri');
}
