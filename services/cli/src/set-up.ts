import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, fleetTopics, type TopicSpec } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';

const AGAIN_MS = 1_000;
const DAY_MS = 86_400_000;

function describeSpec({ topic, subscriptions, retentionMs }: TopicSpec): string {
  const kept = retentionMs === Number.POSITIVE_INFINITY ? 'for ever' : `${retentionMs / DAY_MS} days`;
  const stored = topic.persistent ? `kept ${kept}` : 'not stored';
  return `  ${topic.name}: ${stored}${subscriptions.length > 0 ? `; subscriptions: ${subscriptions.join(', ')}` : ''}`;
}

/** Tries until the bus answers: at a deployment it may be starting at the same time. */
async function ensurePatiently(bus: Bus, waitMs: number, say: (line: string) => void): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await bus.ensureTopics(fleetTopics());
    } catch (thrown) {
      const isWorthWaiting =
        thrown instanceof GenfleetError && thrown.code === 'bus_unavailable' && thrown.retryable;
      if (!isWorthWaiting || Date.now() + AGAIN_MS > deadline) throw thrown;
      if (isFirst) say(`waiting for the bus: ${thrown.message}`);
      await sleep(AGAIN_MS);
    }
  }
}

/**
 * Creates what Genfleet needs on a bus, and says what is there then. `url` is only to be shown, without its query.
 * @throws GenfleetError as the bus does; `bus_unavailable` after `waitMs` at the latest.
 */
export async function setUp(
  openBus: () => Promise<Bus>,
  url: string,
  waitMs: number,
  say: (line: string) => void,
): Promise<void> {
  const bus = await openBus();
  try {
    await ensurePatiently(bus, waitMs, say);
    // a token may be in the query
    say(`${url.replace(/\?.*$/s, '')} has all topics of Genfleet:`);
    for (const spec of fleetTopics()) say(describeSpec(spec));
  } finally {
    await bus.close();
  }
}
