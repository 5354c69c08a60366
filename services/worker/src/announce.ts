import type { Engine } from '@genfleet/engine';
import { ANNOUNCEMENT_TOPIC, type Kind, type ModelInfo, type WorkerAnnouncement } from '@genfleet/job';
import type { WorkerOptions } from './options.ts';

/** A worker that was killed counts for two of these and a little more; replicas read a day of them as they start. */
const INTERVAL_MS = 30_000;
const FIRST_TRY_MS = 1_000;

interface Announcer extends Pick<WorkerOptions, 'bus' | 'worker' | 'now' | 'log'> {
  readonly engine: Engine;
  /** Of the engine's models those of this kind are this worker's. */
  readonly kind: Kind;
}

/** Says now and twice a minute which models this worker can run; the last word is that it leaves. */
export function startAnnouncing(options: Announcer) {
  const { engine, kind, log } = options;
  let models: readonly ModelInfo[] = [];
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let isAway = false;

  const announce = async () => {
    let nextMs = INTERVAL_MS;
    try {
      models = (await engine.models()).filter((model) => model.kind === kind);
      if (!stopped) await send(options, models, false);
      isAway = false;
    } catch (err) {
      nextMs = FIRST_TRY_MS;
      // said once, not every second until it is there
      if (!isAway) log.warn({ err }, `could not announce the models yet: ${String((err as Error).message)}`);
      isAway = true;
    }
    if (!stopped) timer = setTimeout(announce, nextMs).unref();
  };
  const first = announce();

  return {
    /** Those of the last announcement, none before the first. */
    models: () => models,
    /** Resolves after the first try. */
    first,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await first;
      await send(options, models, true).catch(() => undefined);
    },
  };
}

async function send(
  { bus, engine, kind, worker, now }: Announcer,
  models: readonly ModelInfo[],
  leaving: boolean,
): Promise<void> {
  const announcement: WorkerAnnouncement = {
    type: 'announced',
    // a process that runs both kinds announces each for itself
    worker: `${worker}-${kind}`,
    engine: engine.name,
    models: [...models],
    time: new Date(now()).toISOString(),
    leaving,
  };
  const producer = await bus.producer(ANNOUNCEMENT_TOPIC);
  await producer.send({ key: announcement.worker, value: JSON.stringify(announcement) });
}
