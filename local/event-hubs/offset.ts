/**
 * Offsets are opaque to clients, ascend, and are no sequence numbers: whoever mixes the two up should notice here, not in Azure.
 * A multiple of the number needs no index, and survives retention.
 */
export const OFFSET_STEP = 64;

/** The offset of an event; '-1', Azure's own word for it, where there is none before it. */
export function offsetOf(sequenceNumber: number): string {
  return sequenceNumber < 0 ? '-1' : String(sequenceNumber * OFFSET_STEP);
}
