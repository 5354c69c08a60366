import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Position, ReadBatch } from '@genfleet/bus';
import { GenfleetError, type Topic } from '@genfleet/job';

const LATE = Symbol('late');
const PING_MS = 10_000;

/** What may be read from where, and how long a batch may take before the bus is asked whether it is there. */
export interface Reading {
  readonly from: Position;
  readonly signal: AbortSignal;
  readonly stallMs: number;
}

/**
 * A topic from a place to where it ended when this began, so that the reading of a busy one ends as well. Readers of the bus wait out an outage for ever; this one ends with the bus's own
 * reason when it does not answer. @throws GenfleetError `bus_unavailable`, `topic_not_found`, `bus_unauthorized`; what
 * the signal aborts with.
 */
export async function* readToEnd(
  bus: Pick<Bus, 'read' | 'ping' | 'lastMessageId'>,
  topic: Topic,
  { from, signal, stallMs }: Reading,
): AsyncGenerator<ReadBatch['messages']> {
  const end = await bus.lastMessageId(topic);
  if (end === undefined) return;
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const batches = bus.read(topic, { from, signal: either })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await patiently(bus, batches.next(), stallMs);
      signal.throwIfAborted();
      if (next.done) throw new GenfleetError('bus_unavailable', `the reading of ${topic.name} ended early`);
      yield next.value.messages;
      signal.throwIfAborted();
      const last = next.value.messages.at(-1);
      if (next.value.caughtUp || (last && last.messageId >= end)) return;
    }
  } finally {
    done.abort();
    await batches.return?.();
  }
}

async function patiently<T>(bus: Pick<Bus, 'ping'>, pending: Promise<T>, stallMs: number): Promise<T> {
  for (;;) {
    const won = new AbortController();
    const late = sleep(stallMs, LATE, { signal: won.signal }).catch(() => LATE);
    const first = await Promise.race([pending, late]).finally(() => won.abort());
    if (first !== LATE) return first as T;
    try {
      await bus.ping(PING_MS);
    } catch (error) {
      // nobody waits for it any more
      void pending.catch(() => undefined);
      throw error;
    }
  }
}
