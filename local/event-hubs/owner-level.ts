import type { AmqpError } from 'rhea';

import { epochRequired, epochTooLow, readerDisplaced, tooManyReaders } from './amqp-error.ts';

/** Readers without an owner level that one consumer group may have on one partition at a time. */
const READERS_LIMIT = 5;

/** Who reads a partition in a consumer group. `epoch` is the wire's name of what the SDKs call owner level. */
export interface Contender {
  readonly name: string;
  readonly epoch: bigint | undefined;
}

/** `displaced`: those of the present readers that must go, and what each is told. */
export type Admission<T extends Contender> =
  | { readonly kind: 'refused'; readonly error: AmqpError }
  | { readonly kind: 'admitted'; readonly displaced: readonly { readonly reader: T; readonly error: AmqpError }[] };

/**
 * Azure's rules: a reader with an owner level reads alone; the higher level wins, and of equal ones the later; without one, at
 * most five, and none beside one that has a level.
 */
export function admitReader<T extends Contender>(arriving: Contender, present: readonly T[]): Admission<T> {
  const { name, epoch } = arriving;
  for (const owner of present) {
    if (owner.epoch === undefined) continue;
    if (epoch === undefined) return { kind: 'refused', error: epochRequired(owner.epoch) };
    if (owner.epoch > epoch) return { kind: 'refused', error: epochTooLow(owner.name, owner.epoch, name, epoch) };
  }
  if (epoch !== undefined) {
    const displaced = present.map((reader) => ({
      reader,
      error: readerDisplaced(name, epoch, reader.name, reader.epoch),
    }));
    return { kind: 'admitted', displaced };
  }
  if (present.length >= READERS_LIMIT) {
    const names = present.map((reader) => reader.name);
    return { kind: 'refused', error: tooManyReaders(READERS_LIMIT, names) };
  }
  return { kind: 'admitted', displaced: [] };
}
