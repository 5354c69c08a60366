import type { Bus } from './bus.ts';
import { fleetTopics } from './fleet-topics.ts';

/**
 * Asks for every durable topic of the fleet before a service relies on them: a broker would create what is missing
 * with a retention that loses jobs. @throws GenfleetError `topic_not_found`, `bus_unavailable`, `bus_unauthorized`.
 */
export async function requireTopics(bus: Pick<Bus, 'lastMessageId'>): Promise<void> {
  const durable = fleetTopics().filter(({ topic }) => topic.persistent);
  // settled, so that an error about the address is not followed by five more that nobody handles
  const answers = await Promise.allSettled(durable.map(({ topic }) => bus.lastMessageId(topic)));
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
}
