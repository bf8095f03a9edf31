import fc from 'fast-check';

/** Payloads with members replaced, removed or added anywhere: whatever a source, or somebody in its place, may ever send. */

const ODD = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1e300,
    '',
    ' ',
    '\ud800',
    '{}',
    '[]',
    '{"a":',
    '"\\"x\\""',
    '[["x"]]',
    '/',
    '/subscriptions/',
    'providers/providers/providers',
    '00000000-0000-0000-0000-000000000000',
    'x'.repeat(5_000),
    '[Id: , Scope: ',
    '2026-11-23T19:41:07Z',
    '4/28/2021, 2:32:14.029 PM',
    '99999-01-01T00:00:00Z',
    'Success',
    'Start',
    'constructor',
    '__proto__',
    [],
    {},
    [[[]]],
    { value: null },
    { user: null, app: {} },
    { user: { id: 5 }, app: { appId: [] } },
  ),
  fc.string({ unit: 'binary', maxLength: 64 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
);

const MUTATION = fc.tuple(
  fc.array(fc.nat(60), { minLength: 1, maxLength: 5 }),
  ODD,
  fc.constantFrom('__proto__', 'constructor', '0', 'Properties', 'TargetResources', 'records'),
  fc.boolean(),
);

/** Replaces, removes or adds the member that `walk` leads to; text that holds JSON is walked into. */
function mutate(root: unknown, walk: readonly number[], odd: unknown, name: string, remove: boolean): void {
  let here: unknown = root;
  for (const [depth, step] of walk.entries()) {
    if (typeof here !== 'object' || here === null) return;
    const keys = Object.keys(here);
    const key = keys[step % Math.max(keys.length, 1)];
    const holder = here as Record<string, unknown>;
    const next = key === undefined ? undefined : holder[key];
    if (depth < walk.length - 1 && key !== undefined && typeof next === 'string' && /^[[{]/.test(next)) {
      const inner: unknown = parsed(next);
      mutate(inner, walk.slice(depth + 1), odd, name, remove);
      holder[key] = JSON.stringify(inner);
      return;
    }
    if (depth === walk.length - 1 || typeof next !== 'object' || next === null) {
      if (key === undefined)
        Object.defineProperty(holder, name, { value: odd, enumerable: true, writable: true, configurable: true });
      else if (remove && !Array.isArray(holder)) Reflect.deleteProperty(holder, key);
      else holder[key] = odd;
      return;
    }
    here = next;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** One of the payloads, broken at up to eight places. */
export function mutated(payloads: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.nat(payloads.length - 1), fc.array(MUTATION, { minLength: 1, maxLength: 8 }))
    .map(([index, mutations]) => {
      const broken: unknown = structuredClone(payloads[index]);
      for (const [walk, odd, name, remove] of mutations) mutate(broken, walk, structuredClone(odd), name, remove);
      return broken;
    });
}
