import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, fleetTopics, type TopicSpec } from '@genfleet/bus';
import { type Config, topicPolicy } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';

const AGAIN_MS = 1_000;
const HOUR_MS = 3_600_000;

export type SetUpConfig = Pick<
  Config,
  'BUS_URL' | 'PROMPT_RETENTION_MS' | 'RETENTION_DAYS' | 'WEBHOOK_SECRET'
>;

const hours = (count: number) => (count === 1 ? '1 hour' : `${count} hours`);

function describeSpec({ topic, subscriptions, retentionMs }: TopicSpec): string {
  const kept = retentionMs === Number.POSITIVE_INFINITY ? 'for ever' : hours(retentionMs / HOUR_MS);
  const stored = topic.persistent ? `kept ${kept}` : 'not stored';
  return `  ${topic.name}: ${stored}${subscriptions.length > 0 ? `; subscriptions: ${subscriptions.join(', ')}` : ''}`;
}

/** Tries until the bus answers: at a deployment it may be starting at the same time. */
async function ensurePatiently(
  bus: Bus,
  specs: readonly TopicSpec[],
  waitMs: number,
  say: (line: string) => void,
): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await bus.ensureTopics(specs);
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
 * Creates what Genfleet needs on a bus, and says what is there then. The address is only shown, without its query.
 * @throws GenfleetError as the bus does; `bus_unavailable` after `waitMs` at the latest.
 */
export async function setUp(
  openBus: () => Promise<Bus>,
  config: SetUpConfig,
  waitMs: number,
  say: (line: string) => void,
): Promise<void> {
  const specs = fleetTopics(topicPolicy(config));
  const bus = await openBus();
  try {
    await ensurePatiently(bus, specs, waitMs, say);
    // a token may be in the query
    say(`${config.BUS_URL.replace(/\?.*$/s, '')} has all topics of Genfleet:`);
    for (const spec of specs) say(describeSpec(spec));
  } finally {
    await bus.close();
  }
}
