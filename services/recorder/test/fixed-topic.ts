import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Bus, Message } from '@genfleet/bus';

export function messageAt(place: number, publishTimeMs: number, chars = 10): Message {
  const messageId = String(place).padStart(16, '0');
  return { messageId, topic: 't', key: 'k', value: `"${'x'.repeat(chars)}"`, properties: {}, publishTimeMs };
}

/** A topic of a test. What is pushed onto `messages` is read at some later turn of the loop. */
export function fixedTopic(messages: readonly Message[]): Pick<Bus, 'read' | 'lastMessageId'> {
  return {
    async *read(_topic, { from, signal, batchSize = 500 }) {
      let after = typeof from === 'object' && 'afterMessageId' in from ? from.afterMessageId : '';
      let saidSo = false;
      while (!signal.aborted) {
        const batch = messages.filter(({ messageId }) => messageId > after).slice(0, batchSize);
        after = batch.at(-1)?.messageId ?? after;
        const caughtUp = after === (messages.at(-1)?.messageId ?? '');
        if (batch.length > 0 || !saidSo) yield { messages: batch, caughtUp };
        saidSo = caughtUp;
        await turnOfTheLoop();
      }
    },
    lastMessageId: async () => messages.at(-1)?.messageId,
  };
}
