import type { Bus } from '@genfleet/bus';
import type { Topic } from '@genfleet/job';
import type { Places } from './places.ts';

interface Fence {
  readonly bus: Bus;
  readonly topics: readonly Topic[];
  readonly places: Places;
  /** Resolves once every topic has been read to an end, which no message says of a topic without any. */
  readonly ready: () => Promise<void>;
}

/** Resolves true once the topics were folded up to where they end now, false after `timeoutMs`. */
export async function foldedToEnds(
  { bus, topics, places, ready }: Fence,
  timeoutMs: number,
): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, timeoutMs, false);
  const untilMs = performance.now() + timeoutMs;
  const reached = topics.map(async (topic) => {
    // a bus that can't say where it ends keeps the fence up until its time is over
    const end = await bus.lastMessageId(topic).catch(() => late);
    return (
      end === undefined ||
      (end !== false && places.reached(topic.name, end, Math.max(0, untilMs - performance.now())))
    );
  });
  const all = Promise.all(reached).then((each) => each.every(Boolean) && ready().then(() => true));
  try {
    return await Promise.race([all, late]);
  } finally {
    clearTimeout(timer);
  }
}
