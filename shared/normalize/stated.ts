import type { Envelope } from '../wire/envelope.ts';
import { LINK_KINDS } from '../wire/record.ts';
import type { Assurance, Decision, Link } from '../wire/record.ts';
import { toTimestamp } from '../wire/timestamp.ts';
import { cutMasked } from './mask.ts';
import { Unrecognized } from './normalizer.ts';
import { at, longTextAt, numberAt, textAt, uriAt } from './read.ts';

/**
 * What people and apps state in the bodies that they send to our own API. A member that is there in another form than its
 * own says nothing, and is named: whoever reads the record knows that something was meant.
 */

/** Reads one member of a body: undefined where its form is wrong. */
export type Reader<Value> = (value: unknown) => Value | undefined;

/** The members of one body; `unreadable` grows with each that is there in another form. */
export interface Stated {
  readonly unreadable: readonly string[];
  readonly read: <Value>(member: string, reader: Reader<Value>) => Value | undefined;
}

export function statedIn(body: unknown): Stated {
  const unreadable: string[] = [];
  return {
    unreadable,
    read(member, reader) {
      const stated = at(body, member);
      if (stated === undefined || stated === null || stated === '') return undefined;
      const value = reader(stated);
      if (value === undefined) unreadable.push(member);
      return value;
    },
  };
}

/** `details` of a record: what it lacks, and what of it could not be read. */
export function faultsOf(incomplete: readonly string[], unreadable: readonly string[]): Record<string, string> {
  return {
    ...(incomplete.length === 0 ? {} : { incomplete: incomplete.join(',') }),
    ...(unreadable.length === 0 ? {} : { unreadable: unreadable.join(',') }),
  };
}

/** What a sender is told of these: one sentence, or undefined where nothing is amiss. */
export function warnOf(
  faults: () => { readonly incomplete: readonly string[]; readonly unreadable: readonly string[] },
): string | undefined {
  try {
    const { incomplete, unreadable } = faults();
    const said = [
      ...(incomplete.length === 0 ? [] : [`it lacks ${incomplete.join(', ')}`]),
      ...(unreadable.length === 0 ? [] : [`it cannot be read at ${unreadable.join(', ')}`]),
    ];
    return said.length === 0 ? undefined : `Sealed as it came, but ${said.join(', and ')}: send it again, corrected.`;
  } catch (error) {
    if (!(error instanceof Unrecognized)) throw error;
    return `The body could not be read and says nothing; it is sealed as it came. ${error.message}`;
  }
}

export function oneOf<const Value extends string>(values: readonly Value[]): Reader<Value> {
  return (value) => values.find((each) => each === value);
}
export const shortText: Reader<string> = (value) => textAt({ value }, 'value');
export const longText: Reader<string> = (value) => longTextAt({ value }, 'value');
export const uri: Reader<string> = (value) => uriAt({ value }, 'value');
export const finite: Reader<number> = (value) => numberAt({ value }, 'value');
export const wholeNumber: Reader<number> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
export const sha256: Reader<string> = (value) =>
  typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined;

/** All or nothing: half of a list would cover less than was stated, and look whole. */
export function listOf<Value>(reader: Reader<Value>): Reader<Value[]> {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const read = value.map(reader);
    return read.some((each) => each === undefined) ? undefined : (read as Value[]);
  };
}

/** Decimal text: a JSON number would lose cents on the way. */
export const decimal: Reader<string> = (value) =>
  typeof value === 'string' && /^-?\d{1,18}(?:\.\d{1,6})?$/.test(value) ? value : undefined;

/** ISO 4217 */
export const currencyCode: Reader<string> = (value) =>
  typeof value === 'string' && /^[A-Z]{3}$/.test(value) ? value : undefined;

export const money: Reader<NonNullable<Decision['cost']>> = (value) => {
  const amount = decimal(at(value, 'amount'));
  const currency = currencyCode(at(value, 'currency'));
  return amount === undefined || currency === undefined ? undefined : { amount, currency };
};

/** A thing of the trail that the step belongs to, under the id that its own records link by. */
export const link: Reader<Link> = (value) => {
  const kind = oneOf(LINK_KINDS)(at(value, 'kind'));
  const id = uriAt(value, 'id');
  return kind === undefined || id === undefined ? undefined : { kind, id };
};

/** How the caller was signed in; undefined where the token says nothing of it. */
export function assuranceOf(envelope: Envelope): Assurance | undefined {
  const issuer = textAt(envelope.claims, 'iss');
  const authenticatedAt = toTimestamp(Number(textAt(envelope.claims, 'auth_time')));
  const methods = claimTexts(envelope, 'amr');
  const contexts = claimTexts(envelope, 'acrs');
  const assurance = defined({ issuer, authenticatedAt, methods, contexts });
  return Object.keys(assurance).length === 0 ? undefined : assurance;
}

export function claimTexts(envelope: Envelope, name: string): string[] | undefined {
  const value = at(envelope.claims, name);
  const texts = (Array.isArray(value) ? value : [value]).flatMap((each) =>
    typeof each === 'string' && each !== '' ? [cutMasked(each)] : [],
  );
  return texts.length === 0 ? undefined : texts;
}

/** Without the members that are undefined. */
export function defined<Value extends object>(value: Value): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof Value]?: Exclude<Value[Key], undefined>;
  };
}
