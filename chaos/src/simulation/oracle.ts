import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Message } from '@genfleet/bus';
import type { ImageTask } from '@genfleet/engine';
import {
  attemptOf,
  attemptsUsed,
  type EventType,
  evolve,
  isTerminal,
  type JobEvent,
  type JobState,
  type LedgerOrder,
  MAX_ATTEMPTS,
  type Start,
  statusOf,
} from '@genfleet/job';
import { eventOf } from './event-of.ts';
import type { Incarnation } from './incarnation.ts';
import type { StoredFiles } from './memory-store.ts';
import type { Random } from './random.ts';
import type { Story } from './story.ts';

const RANK: Readonly<Record<EventType, number>> = {
  requested: 0,
  started: 1,
  completed: 2,
  dead: 3,
  cancelled: 4,
};
/** A life can be claimed dozens of times by workers that are told to stop, of which no schedule has so many. */
const TOO_MANY_CLAIMS = /^Given up after \d+ claims/;
/** Orders in which the ledger is read at the end of a schedule. */
const READ_ORDERS = 3;

interface Placed {
  readonly event: JobEvent;
  readonly order: LedgerOrder;
}

/** What the API promised: this message is durable, and its job will end. */
export interface Promised {
  readonly id: string;
  readonly topic: string;
  readonly messageId: string;
  readonly sha256: string;
}

/** One life of one job, as the engines saw it. */
interface Runs {
  /** Begun while their worker's view knew of claims, so after a claim of their own was confirmed. */
  confirmed: number;
  /** Begun by a worker whose view knew of no claim: the first run need not wait for the ledger. */
  early: number;
}

/** What a worker's view says of its own claims, asked by the oracle alone. */
export interface Witness {
  readonly worker: Incarnation;
  /** The view as it is, whatever a mutant makes of it. */
  readonly job: (id: string) => JobState | undefined;
  readonly task: ImageTask;
}

/** Knows everything that became durable, and holds the promises of the product against it. */
export class Oracle {
  readonly #story: Story;
  readonly #files: StoredFiles;
  readonly #jobs = new Map<string, Placed[]>();
  /** Ids of requests. */
  readonly #acked = new Set<string>();
  readonly #messages = new Map<string, Message>();
  readonly #promised: Promised[] = [];
  readonly #runs = new Map<string, Runs>();

  constructor(story: Story, files: StoredFiles) {
    this.#story = story;
    this.#files = files;
  }

  /** Whether every job in the ledger has ended. */
  get hasEnded(): boolean {
    for (const placed of this.#jobs.values()) if (!endedIn(placed)) return false;
    return true;
  }

  /** The jobs in the ledger that have not ended. */
  get open(): readonly string[] {
    const open = [...this.#jobs].filter(([, placed]) => !endedIn(placed));
    return open.map(([id]) => this.#story.name(id));
  }

  promised(receipt: Promised): void {
    this.#promised.push(receipt);
  }

  /** Whether a message before this one asks for the same attempt, and is not acknowledged. */
  #isRepeat(asked: JobEvent, messageId: string): boolean {
    return (this.#jobs.get(asked.id) ?? []).some(({ event, order }) => {
      if (event.type !== 'requested' || asked.type !== 'requested') return false;
      const isSame = event.redrive === asked.redrive && event.attempt === asked.attempt;
      return isSame && order.messageId < messageId && !this.#acked.has(order.messageId);
    });
  }

  stored(message: Message): void {
    const event = this.#read(message);
    if (!event) return;
    const { publishTimeMs: timeMs, messageId, topic } = message;
    this.#messages.set(`${topic}/${messageId}`, message);
    this.#story.name(event.id);
    const placed = this.#jobs.get(event.id) ?? [];
    this.#jobs.set(event.id, placed);
    if (isOutcome(event) && endedIn(placed, event.redrive))
      this.#story.count('second outcomes, which change nothing');
    placed.push({ event, order: { timeMs, type: event.type, messageId } });
    this.#checkAttempts(event);
    if (event.type === 'completed') this.#checkArtifacts(event);
    this.#story.count(`events: ${kindOf(event)}`);
    this.#story.tell('ledger', () => `${kindOf(event)} ${this.#named(event)}${detail(event)}`);
  }

  /**
   * A delivery is done with for ever: then the ledger must say what became of it, or an earlier message that asks for the
   * same must still be there.
   */
  acked(message: Message): void {
    const event = this.#read(message);
    if (event?.type !== 'requested') return;
    this.#story.tell('broker', () => `request ${this.#named(event)} is acknowledged`);
    const isSettled = (this.#jobs.get(event.id) ?? []).some(({ event: later }) => {
      if (later.redrive !== event.redrive) return later.redrive > event.redrive;
      return isOutcome(later) || (later.type === 'requested' && later.attempt > event.attempt);
    });
    this.#acked.add(message.messageId);
    if (!isSettled && this.#isRepeat(event, message.messageId)) return;
    if (!isSettled) this.#violated(event, 'its request was acknowledged before an outcome was durable');
  }

  runBegins({ worker, job, task }: Witness): void {
    // stopped before it began
    if (task.signal.aborted) return;
    const state = this.#inLastLife(job(task.id));
    const life = `${task.id}/${this.#lastLife(task.id)}`;
    const runs = this.#runs.get(life) ?? { confirmed: 0, early: 0 };
    this.#runs.set(life, runs);
    const own = newestOf(state?.starts.filter((start) => start.worker === worker.label) ?? []);
    const attempt = own && state && attemptOf(state, own.claim);
    if (state && attemptsUsed(state) > 0) runs.confirmed += 1;
    else runs.early += 1;
    this.#story.count(
      attempt === undefined ? 'runs begun before their claim was read back' : `runs of attempt ${attempt}`,
    );
    const named = this.#story.name(task.id);
    this.#story.tell(worker.name, () => `engine begins ${named}, attempt ${attempt ?? 'not yet known'}`);
    if (state && isTerminal(statusOf(state))) {
      this.#story.violated(`${named} was begun by ${worker.name}, whose view says ${statusOf(state)}`);
    }
    if ((attempt ?? 0) > MAX_ATTEMPTS) this.#story.violated(`${named} was run as attempt ${attempt}`);
    const extra = state?.starts.filter(({ released }) => released).length ?? 0;
    if (runs.confirmed > MAX_ATTEMPTS + extra) {
      this.#story.violated(`${named} was run ${runs.confirmed} times after its claims were read`);
    }
  }

  runGoesOn({ worker, job, task }: Witness): void {
    const state = this.#inLastLife(job(task.id));
    if (!state || task.signal.aborted || !isTerminal(statusOf(state))) return;
    this.#story.violated(
      `${this.#story.name(task.id)} goes on on ${worker.name}, whose view says ${statusOf(state)}`,
    );
  }

  /** Checks what holds once all is quiet. */
  judge(
    random: Random,
    views: readonly { readonly name: string; job(id: string): JobState | undefined }[],
  ): void {
    for (const receipt of this.#promised) this.#checkReceipt(receipt);
    for (const [id, placed] of this.#jobs) this.#judgeJob(id, placed, random, views);
  }

  #judgeJob(
    id: string,
    placed: readonly Placed[],
    random: Random,
    views: readonly { readonly name: string; job(id: string): JobState | undefined }[],
  ): void {
    const named = this.#story.name(id);
    const state = folded(placed);
    if (!state) return;
    const status = statusOf(state);
    this.#story.count(`ends: ${status}`);
    for (let order = 0; order < READ_ORDERS; order++) {
      const other = folded(random.shuffled([...placed, ...placed.filter(() => random.chance(0.2))]));
      if (!isDeepStrictEqual(other, state)) {
        this.#story.violated(
          `${named} is ${status}, and ${other && statusOf(other)} when read in another order`,
        );
      }
    }
    const first = firstOutcome(placed, state.redrive);
    if (first && !isDeepStrictEqual(first.order, state.outcome?.order)) {
      this.#story.violated(
        `${named} is ${status}, though ${first.event.type} stands before it in the ledger`,
      );
    }
    if (state.outcome?.type === 'completed') this.#checkArtifacts(state.outcome.event);
    for (const view of views) {
      const seen = view.job(id);
      if (isDeepStrictEqual(seen, state)) continue;
      this.#story.violated(
        `${named} is ${status}, and for ${view.name} ${seen ? statusOf(seen) : 'not known'}`,
      );
    }
  }

  #checkReceipt({ id, topic, messageId, sha256 }: Promised): void {
    const message = this.#messages.get(`${topic}/${messageId}`);
    const named = this.#story.name(id);
    if (!message) this.#story.violated(`${named} was accepted, and its message is not in the ledger`);
    else if (sha256Of(message.value) !== sha256) this.#story.violated(`${named} is not what was accepted`);
  }

  #checkAttempts(event: JobEvent): void {
    if (event.type === 'cancelled' || event.type === 'started') return;
    if (event.attempt > MAX_ATTEMPTS) this.#violated(event, `has an event of attempt ${event.attempt}`);
    if (event.type === 'completed') return;
    if (event.type === 'dead' && TOO_MANY_CLAIMS.test(event.error.message)) {
      this.#violated(event, `${event.error.message}: nobody handed so many back`);
    }
    const attempts = event.failures.map(({ attempt }) => attempt);
    const isRising = attempts.every((attempt, place) => attempt > (attempts[place - 1] ?? 0));
    if (!isRising || attempts.length > MAX_ATTEMPTS) {
      this.#violated(event, `reports failures of the attempts ${attempts.join(', ')}`);
    }
  }

  #checkArtifacts(event: Extract<JobEvent, { type: 'completed' }>): void {
    for (const { key, sha256 } of event.artifacts) {
      const bytes = this.#files.get(key);
      if (!bytes) this.#violated(event, `is completed, and ${key} is not in the store`);
      else if (sha256Of(bytes) !== sha256) this.#violated(event, `is completed with another ${key}`);
    }
  }

  #lastLife(id: string): number {
    return lastLife(this.#jobs.get(id) ?? []);
  }

  /** A view may not have read yet that a job was brought back; what it says of an earlier life says nothing here. */
  #inLastLife(state: JobState | undefined): JobState | undefined {
    return state && state.redrive === this.#lastLife(state.id) ? state : undefined;
  }

  #violated(event: JobEvent, what: string): void {
    this.#story.violated(`${this.#named(event)}: ${what}`);
  }

  #named({ id, redrive }: JobEvent): string {
    return `${this.#story.name(id)}${redrive > 0 ? ` (life ${redrive + 1})` : ''}`;
  }

  #read(message: Message): JobEvent | undefined {
    if (!message.topic.endsWith('_generation')) return undefined;
    return eventOf(message);
  }
}

function folded(placed: readonly Placed[]): JobState | undefined {
  return placed.reduce<JobState | undefined>(
    (state, { event, order }) => evolve(state, event, order),
    undefined,
  );
}

/** The outcome that counts, found without the fold. */
function firstOutcome(placed: readonly Placed[], redrive: number): Placed | undefined {
  const outcomes = placed.filter(({ event }) => event.redrive === redrive && isOutcome(event));
  return outcomes.sort(
    ({ order: a }, { order: b }) =>
      a.timeMs - b.timeMs || RANK[a.type] - RANK[b.type] || (a.messageId < b.messageId ? -1 : 1),
  )[0];
}

/** Written last, whatever the clock of its writer showed. */
function newestOf(starts: readonly Start[]): Start | undefined {
  return starts.toSorted((a, b) => (a.order.messageId < b.order.messageId ? -1 : 1)).at(-1);
}

function endedIn(placed: readonly Placed[], redrive = lastLife(placed)): boolean {
  return placed.some(({ event }) => event.redrive === redrive && isOutcome(event));
}

function lastLife(placed: readonly Placed[]): number {
  return Math.max(...placed.map(({ event }) => event.redrive));
}

function isOutcome({ type }: JobEvent): boolean {
  return type === 'completed' || type === 'dead' || type === 'cancelled';
}

function sha256Of(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function kindOf(event: JobEvent): string {
  if (event.type === 'requested')
    return event.attempt > 1 ? 'retried' : event.redrive > 0 ? 'redriven' : 'requested';
  return event.type === 'started' && event.released ? 'released' : event.type;
}

function detail(event: JobEvent): string {
  switch (event.type) {
    case 'requested':
      return ` for attempt ${event.attempt}`;
    case 'started':
      return ` by ${event.worker}, claim ${event.claim}`;
    case 'completed':
      return ` by ${event.worker}, attempt ${event.attempt}`;
    case 'dead':
      return ` with ${event.error.code} after ${event.attempt}`;
    case 'cancelled':
      return `: ${event.reason}`;
  }
}
