import { followAnnouncements, ModelCatalogue } from '@genfleet/catalogue';
import type { TextEngine } from '@genfleet/engine';
import { type Kind, progressTopic, topicOf, topicsOf, WORKER_SUBSCRIPTION } from '@genfleet/job';
import { startAnnouncing } from './announce.ts';
import type { Craft, RunResult } from './craft.ts';
import { ImageCraft, type ImageCraftOptions } from './images/image-craft.ts';
import { Lineup } from './lineup.ts';
import type { WorkerOptions } from './options.ts';
import { Pipeline } from './pipeline.ts';
import { Publisher } from './publish.ts';
import { TextCraft } from './texts/text-craft.ts';

export interface Worker {
  /** Rejects with the reason when this worker can't take jobs. */
  ready(): Promise<void>;
  /** Lets the run end within the grace, hands back the rest, says goodbye. The bus, view and engine stay open. */
  stop(graceMs: number): Promise<void>;
}

/** A worker of images. @throws GenfleetError when the topics are missing. */
export function startImageWorker(options: WorkerOptions, craft: ImageCraftOptions): Promise<Worker> {
  return startWorker(options, (publisher) => new ImageCraft(craft, options, publisher));
}

/** A worker of texts. @throws GenfleetError when the topics are missing. */
export function startTextWorker(
  options: WorkerOptions,
  craft: { readonly engine: TextEngine },
): Promise<Worker> {
  return startWorker(options, (publisher) => new TextCraft(craft, options, publisher));
}

/** One subscription, one engine: takes jobs off the bus until stopped. */
async function startWorker<K extends Kind, Result extends RunResult>(
  options: WorkerOptions,
  craftWith: (publisher: Publisher) => Craft<K, Result>,
): Promise<Worker> {
  const { bus, view, log, now } = options;
  const publisher = new Publisher(bus);
  const craft = craftWith(publisher);
  const { kind, engine } = craft;
  await publisher.open([...topicsOf(kind).map(({ topic }) => topic), progressTopic(kind)]);
  const announcing = startAnnouncing({ ...options, engine, kind });
  await announcing.first;
  const { swapsModels, batchJobs } = craft;
  const ends = new AbortController();
  const catalogue = new ModelCatalogue([], now);
  const following = followAnnouncements(catalogue, { bus, log, clock: now, signal: ends.signal });
  const lineup = new Lineup({
    ...options,
    kind,
    swapsModels,
    batchJobs,
    models: announcing.models,
    catalogue,
  });
  const pipeline = new Pipeline(options, publisher, craft, lineup);
  const consumer = await bus.subscribe(
    topicOf('requested', kind),
    WORKER_SUBSCRIPTION,
    (delivery) => pipeline.receive(delivery),
    { maxInFlight: pipeline.maxInFlight },
  );
  pipeline.start(consumer);
  let stopped: Promise<void> | undefined;
  const stop = async (graceMs: number) => {
    await pipeline.drain(graceMs);
    await consumer.close();
    ends.abort();
    await following;
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
