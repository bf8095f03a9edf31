import type { AmqpError } from 'rhea';

import { argumentError } from './amqp-error.ts';
import { offsetOf, OFFSET_STEP } from './offset.ts';
import type { PartitionLog } from './partition-log.ts';

const SELECTOR = /^amqp\.annotation\.(x-opt-offset|x-opt-sequence-number|x-opt-enqueued-time) (>=?) '([^']*)'$/;
const INTEGER = /^-?\d{1,15}$/;

export type StartPosition =
  { readonly kind: 'from'; readonly sequenceNumber: number } | { readonly kind: 'refused'; readonly error: AmqpError };

/**
 * Where a reader with this selector begins; without one, at the oldest event. Numbers that retention has taken give the oldest
 * event that is left. A number or offset above the last one is refused, as in Azure: it is what a checkpoint of a hub that was
 * created anew looks like.
 */
export function readStartPosition(selector: string | undefined, log: PartitionLog): StartPosition {
  if (selector === undefined) return { kind: 'from', sequenceNumber: log.begin };
  const [, annotation, operator, value] = SELECTOR.exec(selector) ?? [];
  if (annotation === 'x-opt-offset' && value === '@latest') return { kind: 'from', sequenceNumber: log.next };
  if (annotation === undefined || value === undefined || !INTEGER.test(value)) {
    return refused(`The filter '${selector}' is not a valid amqp filter for EventHub entities`);
  }
  const wanted = Number(value);
  switch (annotation) {
    case 'x-opt-enqueued-time':
      return { kind: 'from', sequenceNumber: log.firstAfter(operator === '>' ? wanted : wanted - 1) };
    case 'x-opt-offset':
      if (wanted > Number(offsetOf(log.next - 1))) {
        return refused(
          `The supplied offset '${value}' is invalid. The last offset in the system is '${offsetOf(log.next - 1)}'`,
        );
      }
      return from(wanted / OFFSET_STEP, operator, log);
    default:
      if (wanted > log.next - 1) {
        return refused(
          `The supplied sequence number '${value}' is invalid. The last sequence number in the system is '${log.next - 1}'`,
        );
      }
      return from(wanted, operator, log);
  }
}

function from(wanted: number, operator: string | undefined, log: PartitionLog): StartPosition {
  const first = operator === '>' ? Math.floor(wanted) + 1 : Math.ceil(wanted);
  return { kind: 'from', sequenceNumber: Math.max(first, log.begin) };
}

function refused(description: string): StartPosition {
  return { kind: 'refused', error: argumentError(description) };
}
