import {
  ANNOUNCEMENT_TOPIC,
  type Kind,
  type ModelInfo,
  type WorkerAnnouncement,
  workerAnnouncementSchema,
} from '@genfleet/job';
import { type FollowOptions, follow } from './follow.ts';

const DAY_MS = 86_400_000;
/** Workers announce twice a minute; one whose word failed to come twice is taken for gone. */
const ALIVE_MS = 75_000;
const MAX_WORKERS = 10_000;

/** A model with who can run it. */
export interface KnownModel extends ModelInfo {
  /** Workers that announced it lately. */
  readonly workers: number;
  /** Unix time in ms of the first announcement this replica read. */
  readonly sinceMs: number;
}

interface Announced {
  readonly announcement: WorkerAnnouncement;
  readonly timeMs: number;
}

/**
 * The models there are, folded from what workers announced within a day. A model stays known after its
 * workers left: in a fleet that scales to zero its jobs wait for the next one.
 */
export class ModelCatalogue {
  readonly #configured: readonly string[];
  readonly #clock: () => number;
  readonly #workers = new Map<string, Announced>();
  readonly #since = new Map<string, number>();
  /** Every name and alias with its model; undefined after a change. */
  #byName: Map<string, ModelInfo> | undefined;

  /** `configured` names models that are known whether announced or not. */
  constructor(configured: readonly string[], clock: () => number) {
    this.#configured = configured;
    this.#clock = clock;
  }

  apply(announcement: WorkerAnnouncement): void {
    const timeMs = Date.parse(announcement.time);
    const known = this.#workers.get(announcement.worker);
    if (known && known.timeMs > timeMs) return;
    this.#workers.delete(announcement.worker);
    // the last word of a worker that could not ask its engine must not make its models unknown
    const models = announcement.models.length > 0 ? announcement.models : (known?.announcement.models ?? []);
    this.#workers.set(announcement.worker, { announcement: { ...announcement, models }, timeMs });
    for (const [worker, { timeMs: saidMs }] of this.#workers) {
      const isOld = saidMs < this.#clock() - DAY_MS;
      if (!isOld && this.#workers.size <= MAX_WORKERS) break;
      this.#workers.delete(worker);
    }
    for (const { name } of models) if (!this.#since.has(name)) this.#since.set(name, timeMs);
    this.#byName = undefined;
  }

  /** Whether a job of this kind can be taken for it. Anything can while nothing is known yet. */
  knows(model: string, kind: Kind): boolean {
    const byName = this.#names();
    return byName.size === 0 || byName.get(model)?.kind === kind;
  }

  /** What was announced of a model, by name or alias. */
  info(model: string): ModelInfo | undefined {
    return this.#names().get(model);
  }

  /** All names and aliases of a kind. */
  names(kind: Kind): string[] {
    return [...this.#names()].filter(([, info]) => info.kind === kind).map(([name]) => name);
  }

  /** Sampler names of the model; of all models for undefined; undefined when none were announced. */
  samplers(model: string | undefined): readonly string[] | undefined {
    const byName = this.#names();
    const known = model === undefined ? undefined : byName.get(model);
    const models = known ? [known] : [...byName.values()];
    const samplers = new Set(models.flatMap((info) => info.samplers));
    return samplers.size === 0 ? undefined : [...samplers];
  }

  /** The model's own name for a name or alias. */
  resolve(model: string): string {
    return this.#names().get(model)?.name ?? model;
  }

  /** Workers that run this model now. */
  workers(model: string): number {
    const name = this.resolve(model);
    return this.#alive().filter(({ models }) => models.some((info) => info.name === name)).length;
  }

  models(): KnownModel[] {
    const unique = new Map([...this.#names().values()].map((info) => [info.name, info]));
    return [...unique.values()].map((info) => ({
      ...info,
      workers: this.workers(info.name),
      sinceMs: this.#since.get(info.name) ?? 0,
    }));
  }

  #alive(): WorkerAnnouncement[] {
    const now = this.#clock();
    return [...this.#workers.values()]
      .filter(({ announcement, timeMs }) => !announcement.leaving && timeMs > now - ALIVE_MS)
      .map(({ announcement }) => announcement);
  }

  #names(): ReadonlyMap<string, ModelInfo> {
    if (this.#byName) return this.#byName;
    const byName = new Map<string, ModelInfo>();
    for (const name of this.#configured) {
      byName.set(name, { name, kind: 'txt2img', aliases: [], samplers: [], demo: false });
    }
    const announced = [...this.#workers.values()].flatMap(({ announcement }) => announcement.models);
    for (const info of announced) {
      const known = byName.get(info.name);
      byName.set(info.name, known ? union(known, info) : info);
    }
    // a model's own name comes before another's alias
    for (const info of [...byName.values()]) {
      for (const alias of info.aliases) if (!byName.has(alias)) byName.set(alias, info);
    }
    this.#byName = byName;
    return byName;
  }
}

/** Two workers may run one model on engines of different versions. */
function union(a: ModelInfo, b: ModelInfo): ModelInfo {
  const both = (x: readonly string[], y: readonly string[]) => [...new Set([...x, ...y])];
  return { ...b, aliases: both(a.aliases, b.aliases), samplers: both(a.samplers, b.samplers) };
}

/** Reads the announcements of the last day and all that come, until the signal aborts. */
export async function followAnnouncements(
  catalogue: ModelCatalogue,
  { clock, ...options }: Omit<FollowOptions, 'topic' | 'from'> & { readonly clock: () => number },
): Promise<void> {
  const from = { atTimeMs: clock() - DAY_MS };
  await follow({ ...options, topic: ANNOUNCEMENT_TOPIC, from }, (message) => {
    catalogue.apply(workerAnnouncementSchema.parse(JSON.parse(message.value)));
  });
}
