import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Message, Position, ReadBatch } from '@genfleet/bus';
import type { Topic } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';

const BACKOFF_MS = 1_000;

export interface FollowOptions {
  readonly bus: Bus;
  readonly topic: Topic;
  readonly from: Position;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called whenever the end of the topic was reached. */
  readonly onCaughtUp?: () => void;
}

/**
 * Gives every message to `apply` until the signal aborts. A reader that fails is opened again after the last
 * message it gave; a message that can't be read is logged and left out, since it would fail for ever.
 */
export async function follow(options: FollowOptions, apply: (message: Message) => void): Promise<void> {
  const { bus, topic, log, signal } = options;
  let from = options.from;
  // an outage is said once, not every second
  let wasSaid = false;
  const take = ({ messages, caughtUp }: ReadBatch) => {
    wasSaid = false;
    for (const message of messages) applyOne(message, apply, log);
    const last = messages.at(-1);
    if (last && topic.persistent) from = { afterMessageId: last.messageId };
    if (caughtUp) options.onCaughtUp?.();
  };
  while (!signal.aborted) {
    try {
      for await (const batch of bus.read(topic, { from, signal })) take(batch);
    } catch (err) {
      if (signal.aborted) return;
      if (!wasSaid) log.warn({ topic: topic.name, err }, 'reading failed; trying again until it works');
      wasSaid = true;
    }
    await sleep(BACKOFF_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function applyOne(message: Message, apply: (message: Message) => void, log: Logger): void {
  try {
    apply(message);
  } catch (err) {
    log.warn({ topic: message.topic, err }, 'unreadable message left out');
  }
}
