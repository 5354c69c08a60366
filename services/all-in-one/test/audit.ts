import { openBus } from '@genfleet/adapters';
import type { Bus } from '@genfleet/bus';
import { readConfig } from '@genfleet/config';
import {
  type CancelledEvent,
  type CompletedEvent,
  compareOrder,
  countedClaims,
  type DeadEvent,
  decodeEvent,
  evolve,
  type JobEvent,
  type JobState,
  type Start,
  type Topic,
  topicsOf,
} from '@genfleet/job';

/** A job as the ledger has it. */
export interface Audited {
  readonly state: JobState;
  /** Everything that was written about it, topic by topic. */
  readonly events: readonly JobEvent[];
}

/** Replays all topics of the bus that `env` names, from the first message on, and folds them job by job. */
export async function auditLedger(env: Record<string, string>): Promise<Map<string, Audited>> {
  const bus = await openBus(readConfig(env));
  try {
    const jobs = new Map<string, { state: JobState; events: JobEvent[] }>();
    for (const { topic, type } of topicsOf('txt2img')) {
      for await (const { key, value, messageId, publishTimeMs } of everything(bus, topic)) {
        const event = decodeEvent(value);
        const known = jobs.get(key);
        const state = evolve(known?.state, event, { timeMs: publishTimeMs, type, messageId });
        jobs.set(key, { state, events: [...(known?.events ?? []), event] });
      }
    }
    return jobs;
  } finally {
    await bus.close();
  }
}

async function* everything(bus: Bus, topic: Topic) {
  const done = new AbortController();
  for await (const { messages, caughtUp } of bus.read(topic, { from: 'earliest', signal: done.signal })) {
    yield* messages;
    if (caughtUp) return;
  }
}

/** Every message that ended the job in its current life; more than one when it was run twice. */
export function endsOf({ events, state }: Audited): (CompletedEvent | DeadEvent | CancelledEvent)[] {
  return events
    .filter((event) => event.type !== 'requested' && event.type !== 'started')
    .filter(({ redrive }) => redrive === state.redrive);
}

/** Attempts that came to nothing before the job ended: their worker died, or lost the bus. */
export function lostClaims({ state }: Audited): Start[] {
  const { outcome, starts } = state;
  const finisher = outcome?.type === 'completed' ? outcome.event.worker : undefined;
  return countedClaims(starts)
    .map(({ start }) => start)
    .filter(
      ({ order, worker }) => worker !== finisher && (!outcome || compareOrder(order, outcome.order) < 0),
    );
}
