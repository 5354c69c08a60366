import { hash } from 'node:crypto';
import type { ImageTask } from '@genfleet/engine';
import { GenfleetError, type JobState, statusOf } from '@genfleet/job';
import type { Answer, ApiProcess } from './api-process.ts';
import { FAULTS_MS } from './faults.ts';
import type { Fleet } from './fleet.ts';
import { Random } from './random.ts';
import { BEHAVIOURS, type Behaviour, type Plan } from './scripted-engine.ts';
import type { World } from './world.ts';

/** Jobs are asked for in this time. */
const ASKING_MS = 25_000;
/** A client that got no answer asks again so often, with the same key. */
const TRIES = 4;
const PATIENCE_MS = 12_000;
const MAX_REDRIVES = 2;

type Behaviours = Omit<Plan, 'run'>;

/** What one client wants, drawn from the seed. */
interface Wish {
  readonly number: number;
  readonly atMs: number;
  readonly key: string | undefined;
  readonly model: string;
  readonly images: number;
  readonly deadlineSeconds: number | undefined;
  readonly cancelsAfterMs: number | undefined;
  readonly redrives: boolean;
  /** What the engine does to each run of the job; the last holds for all beyond. */
  readonly plans: readonly Behaviours[];
}

/** The people before the fleet: they ask for jobs, ask again, lose patience, bring dead letters back. */
export class Clients {
  readonly #world: World;
  readonly #wishes: readonly Wish[];
  readonly #begun = new Map<string, number>();
  readonly #random: Random;
  #fleet: Fleet | undefined;
  /** Wishes whose client still waits for an answer. */
  #asking = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = Random.of(world.options.seed, 'clients');
    this.#wishes = Array.from({ length: this.#random.int(4, 9) }, (_, number) =>
      drawWish(this.#random, number),
    );
  }

  get areDone(): boolean {
    return this.#asking === 0;
  }

  begin(fleet: Fleet): void {
    this.#fleet = fleet;
    for (const wish of this.#wishes) {
      this.#asking += 1;
      this.#world.scheduler.after(wish.atMs, undefined, 'client', () => this.#ask(wish, 1));
    }
  }

  /** What the engine does to the next run of a job, which says in its prompt whose it is. */
  planOf({ id, settings }: ImageTask): Plan {
    const plans = this.#wishes[Number(settings.prompt)]?.plans ?? [];
    const run = this.#begun.get(id) ?? 0;
    this.#begun.set(id, run + 1);
    const plan = plans[Math.min(run, plans.length - 1)];
    if (!plan) throw new RangeError(`nobody asked for ${settings.prompt}`);
    this.#world.story.count(`engine: ${plan.behaviour}`);
    return { ...plan, run: run + 1 };
  }

  #ask(wish: Wish, attempt: number): void {
    const { story } = this.#world;
    const body = {
      generation_settings: {
        prompt: String(wish.number),
        width: 64,
        height: 64,
        model: wish.model,
        batch_size: wish.images,
      },
      ...(wish.deadlineSeconds === undefined ? {} : { deadline_seconds: wish.deadlineSeconds }),
    };
    this.#call(
      'asks for a job',
      (api) => api.create(body, wish.key),
      (answer) => {
        if (answer?.status === 202) {
          this.#asking -= 1;
          this.#promise(answer);
          story.count('jobs accepted');
          this.#follow(wish, answer.id);
        } else if (attempt < TRIES) {
          story.count(answer ? 'requests refused and repeated' : 'requests without an answer, repeated');
          this.#world.scheduler.after(500, undefined, 'client', () => this.#ask(wish, attempt + 1));
        } else {
          this.#asking -= 1;
          story.count('clients that gave up');
        }
      },
    );
  }

  #follow(wish: Wish, id: string): void {
    const { scheduler } = this.#world;
    if (wish.cancelsAfterMs !== undefined) {
      scheduler.after(wish.cancelsAfterMs, undefined, 'client', () => this.#cancel(id));
    }
    if (wish.redrives) scheduler.after(2_000, undefined, 'client', () => this.#watch(id, 0));
  }

  #cancel(id: string): void {
    this.#call(
      `cancels ${this.#world.story.name(id)}`,
      (api) => api.cancel(id),
      (answer) => {
        this.#world.story.count(`cancellations answered ${answer?.status ?? 'not at all'}`);
        this.#promise(answer);
      },
    );
  }

  /** Looks now and then, and brings the job back when it died. */
  #watch(id: string, redrives: number): void {
    const { scheduler, story } = this.#world;
    if (scheduler.sinceBeginMs > FAULTS_MS) return;
    const again = (done: number) =>
      scheduler.after(this.#random.int(5_000, 15_000), undefined, 'client', () => this.#watch(id, done));
    this.#call<JobState>(
      'reads',
      (api) => api.read(id),
      (state) => {
        if (!state || statusOf(state) !== 'dead' || redrives >= MAX_REDRIVES) {
          again(redrives);
          return;
        }
        this.#call(
          `redrives ${story.name(id)}`,
          (api) => api.redrive(id),
          (answer) => {
            story.count(`redrives answered ${answer?.status ?? 'not at all'}`);
            this.#promise(answer);
            again(redrives + 1);
          },
        );
      },
    );
  }

  #promise(answer: Answer | undefined): void {
    if (!answer || !('receipt' in answer) || !answer.receipt) return;
    const { id, topic, messageId, value } = answer.receipt;
    this.#world.oracle.promised({ id, topic: topic.name, messageId, sha256: hash('sha256', value) });
  }

  /** Asks some replica. What it answers reaches the client unless the replica dies before; undefined then. */
  #call<T = Answer>(
    what: string,
    ask: (api: ApiProcess) => Promise<T | undefined>,
    onAnswer: (answer: T | undefined) => void,
  ): void {
    const { scheduler, story } = this.#world;
    const fleet = this.#fleet;
    if (!fleet) return;
    const name = this.#random.pick(fleet.apis);
    const api = fleet.api(name);
    const incarnation = fleet.incarnation(name);
    let isAnswered = false;
    const answer = (value: T | undefined) => {
      if (isAnswered) return;
      isAnswered = true;
      onAnswer(value);
    };
    scheduler.after(api ? PATIENCE_MS : 100, undefined, 'no answer', () => answer(undefined));
    if (!api || !incarnation) return;
    story.tell('client', `${what} at ${name}`);
    scheduler.after(1, incarnation, 'request', () => {
      ask(api).then(
        (value) => scheduler.after(1, undefined, 'answer', () => answer(value)),
        (err: unknown) => {
          story.tell(name, `  answers with an error: ${String(err)}`);
          if (!isOutage(err)) story.violated(`${name} failed of a bug: ${String(err)}`);
          scheduler.after(1, undefined, 'answer', () => answer(undefined));
        },
      );
    });
  }
}

/** What an API may answer 503 to, and no bug of it. */
function isOutage(err: unknown): boolean {
  return err instanceof GenfleetError && err.code === 'bus_unavailable';
}

function drawWish(random: Random, number: number): Wish {
  const isCursed = random.chance(0.12);
  const curse: Behaviour = random.pick(['kills its worker', 'fails', 'hangs and is deaf', 'makes too few']);
  const plans = Array.from({ length: 6 }, (): Behaviours => {
    const behaviour = isCursed ? curse : random.chance(0.7) ? 'succeeds' : random.pick(BEHAVIOURS);
    return { behaviour, steps: random.int(1, 4), stepMs: Math.round(random.skewed(20, 1_500)) };
  });
  // nothing that is not cursed is for ever: the last run of them succeeds
  if (!isCursed) plans.push({ behaviour: 'succeeds', steps: 1, stepMs: 50 });
  return {
    number,
    atMs: random.int(0, ASKING_MS),
    key: random.chance(0.5) ? `key-${random.chance(0.2) ? 'shared' : number}` : undefined,
    model: random.pick(['grey', 'grey', 'red']),
    images: random.chance(0.2) ? 2 : 1,
    deadlineSeconds: random.chance(0.1) ? random.int(5, 60) : undefined,
    cancelsAfterMs: random.chance(0.25) ? Math.round(random.skewed(0, 20_000)) : undefined,
    redrives: random.chance(0.5),
    plans,
  };
}
