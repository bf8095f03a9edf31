/** What goes to the hub: the body as it came, the property `envelope` beside it (wire/envelope.ts, formatted). */
export interface OutgoingMessage {
  /** 1 to 128 characters; messages of one key lie in one partition, in the order in which they were accepted. */
  readonly partitionKey: string;
  readonly envelope: string;
  readonly body: Buffer;
}

/**
 * Port: the one hub that this app may send to.
 *
 * Durability: 'accepted' only when the hub has taken the message. 'tooLarge': body, envelope and overhead exceed what one
 * publication may hold (1 MB), and nothing was sent. Failure: throws StoreError; whether the hub took the message is then
 * unknown. An abort by `signal` rejects at once, also where the hub is silent, and may still have taken effect: the
 * message can arrive later. Whoever publishes it again causes a second delivery under the same record id, never a loss.
 */
export interface Publisher {
  publish(message: OutgoingMessage, signal: AbortSignal): Promise<'accepted' | 'tooLarge'>;
}
