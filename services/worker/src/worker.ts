import { progressTopic, topicOf, topicsOf, WORKER_SUBSCRIPTION } from '@genfleet/job';
import { startAnnouncing } from './announce.ts';
import type { WorkerOptions } from './options.ts';
import { Pipeline } from './pipeline.ts';
import { Publisher } from './publish.ts';

export interface Worker {
  /** Rejects with the reason when this worker can't take jobs. */
  ready(): Promise<void>;
  /** Lets the run end within the grace, hands back the rest, says goodbye. The bus, view and engine stay open. */
  stop(graceMs: number): Promise<void>;
}

/** One subscription, one engine: takes jobs off the bus until stopped. @throws GenfleetError when the topics are missing. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { bus, engine, kind, view } = options;
  const publisher = new Publisher(bus);
  await publisher.open([...topicsOf(kind).map(({ topic }) => topic), progressTopic(kind)]);
  const pipeline = new Pipeline(options, publisher);
  const announcing = startAnnouncing(options);
  await announcing.first;
  const consumer = await bus.subscribe(
    topicOf('requested', kind),
    WORKER_SUBSCRIPTION,
    (delivery) => pipeline.inbox.receive(delivery),
    { maxInFlight: pipeline.maxInFlight },
  );
  pipeline.start(consumer);
  let stopped: Promise<void> | undefined;
  const stop = async (graceMs: number) => {
    await pipeline.drain(graceMs);
    await consumer.close();
    await announcing.stop();
    await publisher.close();
  };
  return {
    ready: async () => {
      await Promise.all([engine.health(), bus.ping(2_000)]);
      if (!view.ready) throw new Error('the view is still being rebuilt');
    },
    stop: (graceMs) => (stopped ??= stop(graceMs)),
  };
}
