import type { Message } from '@genfleet/bus';
import { decodeEvent, type JobEvent } from '@genfleet/job';

const events = new WeakMap<Message, JobEvent>();

/** The event of a message, decoded once for all that look at it. */
export function eventOf(message: Message): JobEvent {
  const known = events.get(message);
  if (known) return known;
  const event = decodeEvent(message.value);
  events.set(message, event);
  return event;
}
