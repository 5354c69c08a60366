import { GenfleetError } from '@genfleet/job';
import { MAX_MESSAGE_BYTES, type OutgoingMessage } from './bus.ts';

const MAX_KEY_BYTES = 256;
const MAX_PROPERTIES_BYTES = 16 * 1024;
/** A UTF-16 unit is at most three bytes of UTF-8, so short text need not be measured. */
const BYTES_PER_UNIT = 3;

function exceeds(text: string, maxBytes: number): boolean {
  return text.length * BYTES_PER_UNIT > maxBytes && Buffer.byteLength(text) > maxBytes;
}

/**
 * The bounds of a message, the same on every adapter, checked before anything leaves the process.
 * @throws GenfleetError `message_too_large`.
 */
export function checkOutgoing(message: OutgoingMessage): void {
  if (exceeds(message.value, MAX_MESSAGE_BYTES)) {
    throw new GenfleetError('message_too_large', `a message holds at most ${MAX_MESSAGE_BYTES} bytes`);
  }
  if (exceeds(message.key, MAX_KEY_BYTES)) {
    throw new GenfleetError('message_too_large', `a message's key holds at most ${MAX_KEY_BYTES} bytes`);
  }
  if (message.properties && exceeds(JSON.stringify(message.properties), MAX_PROPERTIES_BYTES)) {
    throw new GenfleetError(
      'message_too_large',
      `a message's properties hold at most ${MAX_PROPERTIES_BYTES} bytes`,
    );
  }
}
