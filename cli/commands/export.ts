import { join } from 'node:path';

import type { Command } from 'commander';

import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import { StoreError } from '../../shared/errors.ts';
import type { ImmutableStore } from '../../shared/seal/immutable-store.ts';
import { copyContainer } from '../../shared/verify/copy-container.ts';
import type { CopyFinding, CopyProgress } from '../../shared/verify/copy-container.ts';
import { MAX_EVIDENCE_BLOB_BYTES } from '../../shared/verify/verify-segment.ts';
import { MAX_SEGMENT_BLOB_BYTES } from '../../shared/wire/segment.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { findOtherTrail } from '../other-trail.ts';
import { WHERE_HELP, isFolder, openWhere } from '../where.ts';

/** `indelible export WHERE DIR` */
export function addExport(program: Command, run: RunCommand): void {
  program
    .command('export')
    .description(
      'Copies a trail into a folder, as trail/ and evidence/; run it again to go on, or to fetch what is new. Exit code 1: a blob is not what it should be, or was not copied.',
    )
    .argument('<where>', WHERE_HELP)
    .argument('<dir>', 'folder to copy to: a new one, or one with an earlier copy of the same trail')
    .option('--json', 'print one JSON object')
    .action((where: string, folder: string, flags: { json?: boolean }) =>
      run(flags.json, (it) => exportTrail(where, folder, it)),
    );
}

async function exportTrail(where: string, folder: string, { output }: CommandRun): Promise<ExitCode> {
  const from = await openWhere(where);
  await checkTarget(where, folder, from.trail);
  const findings: (CopyFinding & { container: string })[] = [];
  const counts: Record<string, CopyProgress> = {};
  // The trail first: evidence is written before the segment that refers to it, so what is copied then is all of it.
  for (const container of ['trail', 'evidence'] as const) {
    const to = new DirectoryImmutableStore(join(folder, container));
    const show = ({ copied, kept, bytes }: CopyProgress) =>
      output.progress(() => `${container}: ${copied} copied, ${kept} there already, ${(bytes / 1e6).toFixed(1)} MB`);
    const copied = await copyContainer(container, from[container], to, show);
    const found: CopyFinding[] = [];
    for (const finding of copied.findings) found.push(await tellSide(finding, from[container], to));
    findings.push(...found.map((each) => ({ container, ...each })));
    // What lies there already and is damaged is no blob that is there.
    const damaged = found.filter(({ kind }) => kind === 'copyDiffers').length;
    const progress = { ...copied.progress, kept: copied.progress.kept - damaged };
    counts[container] = progress;
    for (const { kind, blob, message } of found) output.line(`WRONG ${kind}: blob ${container}/${blob}, ${message}`);
    const also = damaged === 0 ? '' : `, ${damaged} damaged in the copy`;
    output.line(`${container}: ${progress.copied} copied, ${progress.kept} there already${also}.`);
  }
  output.result({ complete: findings.length === 0, findings, ...counts });
  return findings.length === 0 ? 0 : 1;
}

/** Which of the two is damaged, and what to do: a copy of what was damaged already is a true copy. Throws StoreError. */
async function tellSide(finding: CopyFinding, from: ImmutableStore, to: ImmutableStore): Promise<CopyFinding> {
  const { kind, blob, message } = finding;
  if (kind === 'blobWrong') return { ...finding, message: `${message} It was copied as it lies in the trail.` };
  if (kind !== 'copyDiffers') return finding;
  const [there, here] = [await readIfFits(from, blob), await readIfFits(to, blob)];
  const isSame = there !== undefined && here !== undefined && there.equals(here);
  return {
    ...finding,
    message: isSame
      ? `${message} It lies so in the trail too: the copy is a true one of what is damaged there.`
      : `${message} That is the file of the copy, which was changed since it was made: remove it and export again.`,
  };
}

async function readIfFits(store: ImmutableStore, blob: string): Promise<Buffer | undefined> {
  try {
    return await store.read(blob, Math.max(MAX_SEGMENT_BLOB_BYTES, MAX_EVIDENCE_BLOB_BYTES));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'tooLarge') return undefined;
    throw error;
  }
}

/** Before anything is written. Throws CliError. */
async function checkTarget(where: string, folder: string, trail: ImmutableStore): Promise<void> {
  const path = join(folder, 'trail');
  if (!isFolder(path)) return;
  const difference = await findOtherTrail(new DirectoryImmutableStore(path, { readOnly: true }), trail);
  if (difference === undefined) return;
  throw new CliError(
    `${folder} holds another trail than ${where}: ${difference}. Nothing was copied; give another folder.`,
  );
}
