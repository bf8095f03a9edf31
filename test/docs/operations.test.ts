import { readFileSync, readdirSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { parseConfiguration } from '../../shared/authorize/configuration.ts';
import { namedBlocks, readDocument } from './fenced-blocks.ts';

const DOCUMENT = readDocument('docs/operations.md');
const ROOT = new URL('../../', import.meta.url);
/** Commands that need Azure: run by nobody here, so what they name is compared with the sources. */
const AZURE = [...DOCUMENT.matchAll(/```sh\n([\s\S]*?)```/g)]
  .map(([, block = '']) => block)
  .filter((block) => /^az /m.test(block))
  .join('\n');
const TABLE = [...DOCUMENT.matchAll(/^\| (`[^|]+) +\| ([a-z, ]+?) +\|/gm)].flatMap(([, names = '', apps = '']) =>
  [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ name, apps: apps.split(', ') })),
);

describe('docs/operations.md, on deploying by hand', () => {
  it('shows a first indelible.yaml that no sealer could start with', () => {
    const bytes = Buffer.from(namedBlocks(DOCUMENT).get('first configuration') ?? '');
    expect(parseConfiguration(bytes, 'indelible.yaml').projects.map(({ id }) => id)).toEqual(['payments']);
  });

  it('sets what no app reads, or leaves out what the sealer needs', () => {
    const set = [...AZURE.matchAll(/ ([A-Za-z]+_[A-Za-z_]+)=/g)].map(([, name = '']) => name);
    const read = new Set(TABLE.map(({ name }) => name));
    // A connection has the id of its identity beside it, and the host has settings of its own.
    const connections = new Set([...read].map((name) => name.split('__')[0] ?? ''));
    const isRead = (name: string): boolean => read.has(name) || connections.has(name.replace(/__clientId$/, ''));
    const isHosts = (name: string): boolean => /^AzureWebJobsStorage__|^EventHubs__credential$/.test(name);
    expect(set.filter((name) => !isRead(name) && !isHosts(name))).toEqual([]);
    const needed = TABLE.filter(({ apps }) => apps.includes('seal') || apps.includes('all')).map(({ name }) => name);
    expect(needed.length).toBeGreaterThan(5);
    expect(needed.filter((name) => !set.includes(name))).toEqual(['INDELIBLE_CONFIGURATION']);
  });

  it('names other functions than the package of the sealer has', () => {
    const functions = readdirSync(new URL('functions/seal', ROOT)).map((file) => file.replace(/\.ts$/, ''));
    const listed = /lists ([^.]*?), each behind/.exec(DOCUMENT)?.[1] ?? '';
    expect([...listed.matchAll(/`([\w-]+)`/g)].map(([, name]) => name)).toEqual(functions.sort());
  });

  it('leaves out a setting that shared/config.ts reads, with or without our prefix', () => {
    const source = readFileSync(new URL('shared/config.ts', ROOT), 'utf8');
    const settings = [...source.matchAll(/^ {4}([A-Z]\w+): (?:z\.|optionalSecret)/gm)].map(([, name]) => name);
    expect(settings).toContain('LogAnalytics__workspaceId');
    expect(settings.filter((name) => !TABLE.some((each) => each.name === name))).toEqual([]);
  });
});
