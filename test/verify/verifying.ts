import { collectFindings } from '../../shared/verify/verify-trail.ts';
import type { TrailSummary, VerifyOptions } from '../../shared/verify/verify-trail.ts';
import { formatFinding, isFailure } from '../../shared/verify/findings.ts';
import type { Finding } from '../../shared/verify/findings.ts';
import { formatFrame, parseFrame } from '../../shared/wire/zstd-frame.ts';
import type { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import type { TrailBuilder } from '../fixtures/trail-builder.ts';

/** Verifies what a builder wrote, its evidence too, with its key. */
export async function verifyBuilt(
  built: TrailBuilder,
  options: Partial<VerifyOptions> = {},
): Promise<{ findings: Finding[]; failures: Finding[]; summary: TrailSummary }> {
  const { trail, evidence, key } = built;
  const all = { trail, evidence, keys: [key.publicKey], parallel: 1, ...options };
  const { findings, summary } = await collectFindings(all);
  return { findings, failures: findings.filter(isFailure), summary };
}

/** `kind segment` or `kind segment/index`; a dash where no segment is named. */
function brief({ kind, segment, record }: Finding): string {
  return `${kind} ${segment ?? '-'}${record === undefined ? '' : `/${record.index}`}`;
}

export function briefs(findings: readonly Finding[]): string[] {
  return findings.map(brief);
}

/** For messages of assertions. */
export function told(findings: readonly Finding[]): string {
  return findings.map(formatFinding).join('\n');
}

/** Changes the inflated bytes of a blob. */
export async function rewrite(
  store: MemoryImmutableStore,
  name: string,
  change: (bytes: Buffer) => Buffer,
): Promise<void> {
  const blob = await store.read(name);
  if (blob === undefined) throw new Error(`There is no blob ${name}.`);
  store.tamper(name, formatFrame(change(Buffer.from(parseFrame(blob, 1 << 28)))));
}

/** Changes the text of a segment, as somebody without the key can. */
export function rewriteText(
  store: MemoryImmutableStore,
  name: string,
  change: (text: string) => string,
): Promise<void> {
  return rewrite(store, name, (bytes) => Buffer.from(change(bytes.toString())));
}

/** Replaces one occurrence, and fails where there is none: a test that changes nothing proves nothing. */
export function replaceOnce(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`"${from}" is not in the text.`);
  return text.replace(from, () => to);
}
