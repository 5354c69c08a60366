import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, fleetTopics, requireTopics } from '@genfleet/bus';
import { type Config, topicPolicy } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';

const BUS_AGAIN_MS = 1_000;

/**
 * A fleet's topics are made by `genfleet setup`, and only asked for here; the embedded bus has no other moment.
 * @returns why it is not known whether they are there: the bus is away.
 * @throws GenfleetError when topics are missing, or the bus refuses.
 */
export async function prepareTopics(
  bus: Pick<Bus, 'ensureTopics' | 'lastMessageId'>,
  config: Config,
): Promise<GenfleetError | undefined> {
  if (config.BUS_URL.startsWith('sqlite:')) {
    await bus.ensureTopics(fleetTopics(topicPolicy(config)));
    return undefined;
  }
  try {
    await requireTopics(bus);
    return undefined;
  } catch (error) {
    if (!(error instanceof GenfleetError && error.retryable)) throw error;
    return error;
  }
}

/** The same for who can do nothing without the bus: waits until it is there. */
export async function awaitTopics(bus: Bus, config: Config, log: Logger): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const away = await prepareTopics(bus, config);
    if (!away) return;
    if (isFirst) log.warn({}, `waiting for the bus: ${away.message}`);
    await sleep(BUS_AGAIN_MS);
  }
}
