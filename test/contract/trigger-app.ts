import { app } from '@azure/functions';
import type { InvocationContext } from '@azure/functions';

import { findPartition, toTriggerBatch } from '../../shared/seal/event-hub-trigger.ts';
import { record } from '../fixtures/functions/recorder.ts';

/** What one invocation of the trigger came to; bodies in base64. */
export interface TriggerCall {
  readonly partition: string | undefined;
  readonly messages:
    readonly { sequenceNumber: number; enqueued: string; body: string; envelope?: string }[] | undefined;
}

const options = {
  connection: 'HUB',
  eventHubName: 'web',
  consumerGroup: 'seal',
  cardinality: 'many',
  dataType: 'binary',
  handler: (bodies: unknown, context: InvocationContext): void => {
    const batch = toTriggerBatch(bodies, context.triggerMetadata);
    const messages = batch?.messages.map((message) => ({ ...message, body: message.body.toString('base64') }));
    record({ partition: findPartition(context.triggerMetadata), messages });
  },
} as const;

// As a variable: the library's types do not know dataType.
app.eventHub('seal-web', options);
