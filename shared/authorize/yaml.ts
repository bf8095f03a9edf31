import { LineCounter, isMap, isNode, isScalar, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';

import { SettingsError } from '../errors.ts';

/** Bytes: a version is sealed as evidence, and read by people. */
const MAX_BYTES = 1024 * 1024;

/** Of those that an error lists: broken YAML can have one a line. */
const MOST_FAULTS = 50;

interface Fault {
  /** Offset in the text, in UTF-16 units. */
  readonly at: number;
  readonly reason: string;
}

/**
 * A YAML file to what `schema` makes of it. Refused is whatever two readers could take differently: repeated keys, aliases,
 * tags, several documents. Throws SettingsError that lists every fault as `<file>:<line>:<column>: <reason>`, and no other
 * error, however deep the file is nested.
 */
export function readYaml<S extends z.ZodType>(bytes: Uint8Array, schema: S, file: string): z.output<S> {
  const text = decode(bytes, file);
  const lines = new LineCounter();
  const refuse = (faults: readonly Fault[]): never => {
    const listed = faults
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, reason }) => {
        const { line, col } = lines.linePos(at);
        return `${file}:${line}:${col}: ${reason}`;
      });
    const more = listed.length - MOST_FAULTS;
    throw new SettingsError([...listed.slice(0, MOST_FAULTS), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
  };
  let document: Document.Parsed;
  let value: unknown;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
      version: '1.2',
      schema: 'core',
      strict: true,
    });
    const faults = [...faultsOf(document)];
    if (faults.length > 0) return refuse(faults);
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    if (cause instanceof SettingsError) throw cause;
    // The parser is recursive: some thousands of brackets overflow its stack.
    throw new SettingsError(`${file} cannot be parsed: it is nested too deeply.`, { cause });
  }
  const checked = schema.safeParse(value);
  return checked.success ? checked.data : refuse(checked.error.issues.flatMap((issue) => toFaults(document, issue)));
}

function decode(bytes: Uint8Array, file: string): string {
  if (bytes.length > MAX_BYTES)
    throw new SettingsError(`${file} has ${bytes.length} bytes; at most ${MAX_BYTES} are read.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SettingsError(`${file} is not UTF-8.`, { cause });
  }
}

/** What YAML itself says, warnings included: an unknown tag changes what is read. */
function faultsOf(document: Document.Parsed): Fault[] {
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    at: pos[0],
    reason: message,
  }));
  visit(document, {
    Alias: (_key, node) => {
      faults.push({
        at: node.range?.[0] ?? 0,
        reason: `write the value out: "*${node.source}" is an alias, and aliases are not read`,
      });
    },
  });
  return faults;
}

function toFaults(document: Document, issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      at: offsetOfKey(document, path, key),
      // Nothing would follow from it, and somebody would believe a rule to be in force.
      reason: `"${key}" is not known here: correct or remove it`,
    }));
  }
  const where = path.length === 0 ? 'the file' : `"${path.join('.')}"`;
  return [{ at: offsetOf(document, path), reason: `${where} ${asReason(issue.message)}` }];
}

/** Our own messages begin with a verb; zod's are sentences. */
function asReason(message: string): string {
  return /^[a-z]/.test(message) ? message : `is wrong: ${message}`;
}

/** Of the value at a path; of what holds it where it is missing. */
function offsetOf(document: Document, path: readonly string[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range !== undefined && node.range !== null) return node.range[0];
  }
  return 0;
}

function offsetOfKey(document: Document, path: readonly string[], key: string): number {
  const holder = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = isMap(holder)
    ? holder.items.find((each) => isScalar(each.key) && String(each.key.value) === key)
    : undefined;
  return (isNode(pair?.key) ? pair.key.range?.[0] : undefined) ?? offsetOf(document, path);
}
