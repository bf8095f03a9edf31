#!/usr/bin/env node
// Nothing of the program is imported at the top: an older Node would end there, with a SyntaxError that tells nobody why.
const NEEDED = '22.15.0';

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = NEEDED.split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

if (isTooOld(process.versions.node)) {
  process.stderr.write(
    `indelible: Node.js ${NEEDED} or newer is needed, for zstd; this is ${process.versions.node} (${process.execPath}).\n`,
  );
  process.exitCode = 2;
} else {
  const { runCli } = await import('./program.ts');
  const { processTerminal } = await import('./terminal.ts');
  process.exitCode = await runCli(process.argv.slice(2), processTerminal());
}
