import { parseBodyJson } from './body.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';
import { numberAt, textAt, timeAt } from './read.ts';

/** Where a source's coverage happens: the key of its windows in the table Coverage. */
export function coverageSource(source: string): string {
  return `urn:indelible:source:${source}`;
}

/**
 * What a timer covered, as the app `observe` publishes it behind the rows of the window:
 *
 *     {"source":"entra-audit","table":"AuditLogs","workspace":"5f3c…","from":"2026-11-23T06:00:00.000Z",
 *      "until":"2026-11-23T06:05:00.000Z","asked":"2026-11-23T06:10:02.113Z","rows":17}
 *
 * The window is half-open, by the time at which the workspace took a row in.
 */
export const coverageNormalizer: Normalizer = {
  source: 'coverage',
  version: 1,
  normalize(input) {
    return [draftOf(input)];
  },
};

function draftOf({ envelope, body }: NormalizerInput): RecordDraft {
  if (envelope.event !== 'window')
    throw new Unrecognized('event', 'The envelope names no event that the observe app sends: window.');
  const window = parseBodyJson(body);
  const [source, table, workspace] = [textAt(window, 'source'), textAt(window, 'table'), textAt(window, 'workspace')];
  const [from, until, asked] = [timeAt(window, 'from'), timeAt(window, 'until'), timeAt(window, 'asked')];
  const rows = numberAt(window, 'rows');
  if (source === undefined || from === undefined || until === undefined || rows === undefined) {
    throw new Unrecognized('shape', 'The body does not say which window of which source was read, and how many rows.');
  }
  return {
    part: '',
    type: 'indelible.coverage.window.collected',
    source: coverageSource(source),
    subject: from,
    time: asked,
    data: {
      actor: { kind: 'service', id: 'indelible:observe', name: 'Indelible observer' },
      action: 'collect window',
      outcome: 'succeeded',
      summary: `Collected ${rows} ${rows === 1 ? 'row' : 'rows'} of ${source} that came in from ${from} to ${until}`,
      target: { kind: 'source', id: coverageSource(source), name: source },
      ...(workspace === undefined ? {} : { related: [{ kind: 'workspace', id: workspace, part: 'workspace' }] }),
      details: { rows, ...(table === undefined ? {} : { table }) },
      clock: { started: { at: from, by: 'source' }, ended: { at: until, by: 'source' } },
    },
  };
}
