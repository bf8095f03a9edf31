import type { AmqpError } from 'rhea';

/**
 * What the hub answers, condition and words as Azure's (from logs of its own SDKs' issues and live tests): the clients tell some
 * of them apart by the words.
 */

export function entityNotFound(entity: string): AmqpError {
  return { condition: 'amqp:not-found', description: `The messaging entity '${entity}' could not be found.` };
}

export function partitionInvalid(partitions: number): AmqpError {
  return {
    condition: 'com.microsoft:argument-out-of-range',
    description:
      'The specified partition is invalid for an EventHub partition sender or receiver. ' +
      `It should be between 0 and ${partitions - 1}.`,
  };
}

export function messageTooLarge(deliveryId: number, size: number, limit: number): AmqpError {
  return {
    condition: 'amqp:link:message-size-exceeded',
    description:
      `The received message (delivery-id:${deliveryId}, size:${size} bytes) exceeds the limit (${limit} bytes) ` +
      'currently allowed on the link.',
  };
}

export function decodeError(description: string): AmqpError {
  return { condition: 'amqp:decode-error', description };
}

export function argumentError(description: string): AmqpError {
  return { condition: 'com.microsoft:argument-error', description };
}

export function notImplemented(description: string): AmqpError {
  return { condition: 'amqp:not-implemented', description };
}

export function internalError(description: string): AmqpError {
  return { condition: 'amqp:internal-error', description };
}

/** Retryable: what Azure says when a hub is throttled. */
export function serverBusy(): AmqpError {
  return {
    condition: 'com.microsoft:server-busy',
    description: 'The service was unable to process the request; please retry the operation.',
  };
}

/** Not retryable: what Azure says when sending to a hub is switched off. */
export function entityDisabled(hub: string): AmqpError {
  return {
    condition: 'com.microsoft:entity-disabled',
    description: `Messaging entity '${hub}' is currently disabled.`,
  };
}

export function linkDetached(detail: string): AmqpError {
  return { condition: 'amqp:link:detach-forced', description: `The link is force detached by the broker. ${detail}` };
}

export function readerDisplaced(newer: string, epoch: bigint, name: string, present: bigint | undefined): AmqpError {
  return stolen(
    `New receiver '${newer}' with higher epoch of '${epoch}' is created hence current receiver '${name}' with epoch ` +
      `'${present ?? ''}' is getting disconnected. If you are recreating the receiver, make sure a higher epoch is used.`,
  );
}

export function epochTooLow(owner: string, present: bigint, name: string, epoch: bigint): AmqpError {
  return stolen(
    `Receiver '${owner}' with a higher epoch '${present}' already exists. Receiver '${name}' with epoch ${epoch} cannot be ` +
      'created. Make sure you are creating receiver with increasing epoch value to ensure connectivity, or ensure all old ' +
      'epoch receivers are closed or disconnected.',
  );
}

export function epochRequired(present: bigint): AmqpError {
  return stolen(
    `At least one receiver for the endpoint is created with epoch of '${present}', and so non-epoch receiver is not ` +
      'allowed. Either reconnect with a higher epoch, or make sure all epoch receivers are closed or disconnected.',
  );
}

export function tooManyReaders(limit: number, names: readonly string[]): AmqpError {
  return {
    condition: 'amqp:resource-limit-exceeded',
    description:
      `Exceeded the maximum number of allowed receivers per partition in a consumer group which is ${limit}. ` +
      `List of connected receivers - ${names.join(', ')}.`,
  };
}

function stolen(description: string): AmqpError {
  return { condition: 'amqp:link:stolen', description };
}
