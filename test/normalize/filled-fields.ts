import type { RecordDraft } from '../../shared/normalize/normalizer.ts';

/** Which members of a draft hold something, as `actor.name`, for a table that shows what a source fills. */
export function filledFields(draft: RecordDraft): readonly string[] {
  const { data, ...rest } = draft;
  const fields = Object.keys(rest).filter((name) => rest[name as keyof typeof rest] !== undefined);
  for (const [name, value] of Object.entries(data)) {
    if (typeof value !== 'object' || Array.isArray(value)) fields.push(name);
    else fields.push(...Object.keys(value).map((each) => `${name}.${each}`));
  }
  return fields;
}

/** One line a field: in how many of the drafts it is filled, and an example. */
export function fieldTable(drafts: readonly RecordDraft[]): string {
  const counts = new Map<string, { count: number; example: string }>();
  for (const draft of drafts) {
    for (const field of filledFields(draft)) {
      const path = field.split('.');
      const holder: Record<string, unknown> = Object.hasOwn(draft, path[0] ?? '') ? { ...draft } : { ...draft.data };
      const value = path.reduce<unknown>((at, member) => (at as Record<string, unknown>)[member], holder);
      const seen = counts.get(field);
      counts.set(field, { count: (seen?.count ?? 0) + 1, example: seen?.example ?? JSON.stringify(value) ?? '' });
    }
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, { count, example }]) => `${field.padEnd(32)} ${count}/${drafts.length}  ${example.slice(0, 90)}`)
    .join('\n');
}
