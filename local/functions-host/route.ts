import { HostError } from './host-error.ts';

type RoutePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string; readonly optional: boolean }
  | { readonly kind: 'rest'; readonly name: string };

/** A parsed route template; `parts` are the path's segments. */
export interface Route {
  readonly template: string;
  readonly parts: readonly RoutePart[];
}

/**
 * Parses a route template of ASP.NET Core's form: literals, `{name}`, an optional `{name?}` at the end and a `{*rest}`
 * at the end. Constraints and segments that mix literals and parameters are refused.
 * @throws HostError `registration`
 */
export function parseRoute(template: string): Route {
  const segments = template.split('/').filter((segment) => segment !== '');
  const names = new Set<string>();
  const parts = segments.map((segment, index): RoutePart => {
    const last = index === segments.length - 1;
    if (!/[{}]/.test(segment)) return { kind: 'literal', text: segment.toLowerCase() };
    const [, star = '', name = '', optional = ''] = /^\{(\*{0,2})([A-Za-z_]\w*)(\??)\}$/.exec(segment) ?? [];
    if (
      name === '' ||
      (star !== '' && optional !== '') ||
      (!last && (star !== '' || optional !== '')) ||
      names.has(name)
    ) {
      throw new HostError(
        'registration',
        `the route "${template}" has the segment "${segment}", which this host does not read`,
      );
    }
    names.add(name);
    return star === '' ? { kind: 'parameter', name, optional: optional !== '' } : { kind: 'rest', name };
  });
  return { template: segments.join('/'), parts };
}

/**
 * The parameters that `path` (as it came, percent-encoded, starting with a slash) gives to `route`, decoded but for `%2F`
 * as in ASP.NET Core; undefined where it does not match. Literals match whatever their case.
 */
export function matchRoute(route: Route, path: string): Record<string, string> | undefined {
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  const params: [string, string][] = [];
  for (const [index, part] of route.parts.entries()) {
    const segment = segments[index];
    switch (part.kind) {
      case 'literal':
        if (segment === undefined || decode(segment).toLowerCase() !== part.text) return undefined;
        break;
      case 'parameter':
        if (segment === undefined) return part.optional ? Object.fromEntries(params) : undefined;
        if (segment === '') return undefined;
        params.push([part.name, decode(segment)]);
        break;
      case 'rest':
        if (segment !== undefined) params.push([part.name, segments.slice(index).map(decode).join('/')]);
        return Object.fromEntries(params);
    }
  }
  return segments.length > route.parts.length ? undefined : Object.fromEntries(params);
}

/** Which of two routes is asked first: the end before literals before parameters before the rest, segment by segment. */
export function compareRoutes(a: Route, b: Route): number {
  const rank = (part: RoutePart | undefined) =>
    part === undefined ? -1 : ['literal', 'parameter', 'rest'].indexOf(part.kind);
  for (let index = 0; index < Math.max(a.parts.length, b.parts.length); index++) {
    const difference = rank(a.parts[index]) - rank(b.parts[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function decode(segment: string): string {
  try {
    return segment
      .split(/(%2f)/i)
      .map((text, index) => (index % 2 === 1 ? text : decodeURIComponent(text)))
      .join('');
  } catch {
    return segment;
  }
}
