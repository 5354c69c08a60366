import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, fleetTopics, requireTopics } from '@genfleet/bus';
import { type Config, topicPolicy } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';

const BUS_AGAIN_MS = 1_000;

/**
 * A fleet's topics are made by `genfleet setup`; the embedded bus has no other moment. Waits for a bus that is away.
 * @throws GenfleetError when topics are missing, or the bus refuses.
 */
export async function awaitTopics(bus: Bus, config: Config, log: Logger): Promise<void> {
  if (config.BUS_URL.startsWith('sqlite:')) return bus.ensureTopics(fleetTopics(topicPolicy(config)));
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await requireTopics(bus);
    } catch (error) {
      if (!(error instanceof GenfleetError && error.retryable)) throw error;
      if (isFirst) log.warn({}, `waiting for the bus: ${error.message}`);
    }
    await sleep(BUS_AGAIN_MS);
  }
}
