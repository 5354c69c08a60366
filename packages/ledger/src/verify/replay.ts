import { hash } from 'node:crypto';
import type { Bus, Message, Position } from '@genfleet/bus';
import {
  decodeEvent,
  type EventType,
  GenfleetError,
  isUuid,
  type JobEvent,
  jobIdTimeMs,
  type Kind,
  topicOf,
  WORKER_SUBSCRIPTION,
} from '@genfleet/job';
import { readToEnd } from './read-to-end.ts';
import type { Scratch } from './scratch.ts';
import { traceOf } from './trace.ts';
import type { Violation } from './violation.ts';

/**
 * The order in which topics are read, in each of two passes: what caused an event is read after it, so that a ledger
 * that is being written shows no effect without its cause. Only a redrive is read after the dead letter it came from:
 * that one is caught up with in the second pass.
 */
const READ_ORDER: readonly EventType[] = ['cancelled', 'dead', 'completed', 'started', 'requested'];

export interface ReplayOptions {
  readonly bus: Pick<Bus, 'read' | 'ping' | 'backlog' | 'lastMessageId'>;
  readonly kinds: readonly Kind[];
  readonly from: Position;
  /** Only jobs with receipts; otherwise all whose ids were not made after `untilMs` (Unix time). */
  readonly only: 'receipts' | { readonly untilMs: number };
  readonly signal: AbortSignal;
  readonly stallMs: number;
  readonly onViolation: (violation: Violation) => void;
  readonly onMessages: (topic: string, messages: number) => void;
}

/** Reads all topics into the scratch. @returns how many jobs the bus held for workers between the two passes. */
export async function replay(options: ReplayOptions, scratch: Scratch): Promise<ReadonlyMap<Kind, number>> {
  const intake = new Intake(options, scratch);
  const places = new Map<string, Position>();
  await readAll(options, intake, places, true);
  const inLine = new Map<Kind, number>();
  for (const kind of options.kinds) {
    options.signal.throwIfAborted();
    inLine.set(kind, await options.bus.backlog(topicOf('requested', kind), WORKER_SUBSCRIPTION));
  }
  await readAll(options, intake, places, false);
  return inLine;
}

async function readAll(
  options: ReplayOptions,
  intake: Intake,
  places: Map<string, Position>,
  isFirstPass: boolean,
): Promise<void> {
  const { bus, kinds, signal, stallMs, onMessages } = options;
  for (const kind of kinds) {
    for (const type of READ_ORDER) {
      const topic = topicOf(type, kind);
      const from = places.get(topic.name) ?? options.from;
      for await (const messages of readToEnd(bus, topic, { from, signal, stallMs })) {
        for (const message of messages) intake.take(kind, type, message, isFirstPass);
        const last = messages.at(-1);
        if (last) places.set(topic.name, { afterMessageId: last.messageId });
        onMessages(topic.name, messages.length);
      }
    }
  }
}

/** Puts into the scratch what is to be judged. */
class Intake {
  readonly #options: ReplayOptions;
  readonly #scratch: Scratch;

  constructor(options: ReplayOptions, scratch: Scratch) {
    this.#options = options;
    this.#scratch = scratch;
  }

  take(kind: Kind, type: EventType, message: Message, isSettled: boolean): void {
    const { topic, messageId, key, value, publishTimeMs } = message;
    const { only } = this.#options;
    if (only === 'receipts') {
      if (this.#scratch.hasReceiptAt(topic, messageId)) {
        this.#scratch.markFound(topic, messageId, hash('sha256', value), key);
      }
      if (!isUuid(key) || !this.#scratch.hasReceiptOf(key)) return;
    } else if ((jobIdTimeMs(key) ?? 0) > only.untilMs) return;
    const event = this.#decoded(kind, type, message);
    if (!event) return;
    const order = { timeMs: publishTimeMs, type, messageId };
    this.#scratch.addEvent(event.id, kind, { trace: traceOf(event), order, isSettled });
  }

  #decoded(kind: Kind, type: EventType, { topic, messageId, key, value }: Message): JobEvent | undefined {
    const expected = `a ${type} event of ${key} in message ${messageId} on ${topic}`;
    const blame = (found: string) =>
      this.#options.onViolation({ code: 'message_unreadable', id: key, kind, expected, found });
    try {
      const event = decodeEvent(value);
      if (event.type === type && event.kind === kind && event.id === key) return event;
      blame(`a ${event.type} event of ${event.kind} job ${event.id}`);
    } catch (error) {
      blame(GenfleetError.from(error, 'invalid_message').message);
    }
    return undefined;
  }
}
