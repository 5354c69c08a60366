import type { ImageTask } from '@genfleet/engine';
import type { JobState } from '@genfleet/job';
import type { LocalView } from '@genfleet/ledger';
import { ApiProcess } from './api-process.ts';
import { Incarnation } from './incarnation.ts';
import { MemoryView } from './memory-view.ts';
import type { Plan } from './scripted-engine.ts';
import { startWorkerProcess, type WorkerProcess, type WorkerSettings } from './worker-process.ts';
import type { World } from './world.ts';

/** Before a process that could not start, or died by itself, is started again. */
const RESTART_MS = 1_000;
/** After which the broker takes a silent connection for lost. */
const KEEPALIVE_MS = 4_000;

/** A place in the fleet, where one process runs after the other. */
interface Slot {
  readonly name: string;
  readonly isWorker: boolean;
  incarnation: Incarnation | undefined;
  /** Of the running process, once it has started. */
  worker: WorkerProcess | undefined;
  api: ApiProcess | undefined;
  clockOffsetMs: number;
  starts: number;
}

/** All processes: started, killed, paused, started again. */
export class Fleet {
  readonly #world: World;
  readonly #settings: WorkerSettings;
  readonly #planOf: (task: ImageTask) => Plan;
  readonly #slots = new Map<string, Slot>();

  constructor(world: World, settings: WorkerSettings, planOf: (task: ImageTask) => Plan) {
    this.#world = world;
    this.#settings = settings;
    this.#planOf = planOf;
  }

  add(name: string, isWorker: boolean, clockOffsetMs: number): void {
    this.#slots.set(name, {
      name,
      isWorker,
      incarnation: undefined,
      worker: undefined,
      api: undefined,
      clockOffsetMs,
      starts: 0,
    });
    this.start(name);
  }

  get apis(): readonly string[] {
    return [...this.#slots.values()].filter(({ isWorker }) => !isWorker).map(({ name }) => name);
  }

  /** The views that answer now. */
  views(): { readonly name: string; job(id: string): JobState | undefined }[] {
    return [...this.#slots.values()].flatMap(({ name, incarnation, worker, api }) => {
      const view = incarnation?.isAlive ? (worker ?? api)?.view : undefined;
      return view?.ready ? [{ name, job: (id: string) => view.job(id) }] : [];
    });
  }

  incarnation(name: string): Incarnation | undefined {
    return this.#slot(name).incarnation;
  }

  api(name: string): ApiProcess | undefined {
    const { incarnation, api } = this.#slot(name);
    return incarnation?.isReachable ? api : undefined;
  }

  start(name: string): void {
    const slot = this.#slot(name);
    if (slot.incarnation?.isAlive) return;
    slot.starts += 1;
    const incarnation = new Incarnation(name, slot.starts);
    incarnation.clockOffsetMs = slot.clockOffsetMs;
    slot.incarnation = incarnation;
    const { scheduler, story } = this.#world;
    scheduler.after(0, incarnation, 'start', () => {
      story.tell(name, `starts (${slot.starts})`);
      this.#boot(slot, incarnation).catch((err: unknown) => {
        story.tell(name, `could not start: ${String(err)}`);
        this.kill(name, 'could not start', RESTART_MS);
      });
    });
  }

  /** Ends the process at once; another takes its place after `downMs`. */
  kill(name: string, why: string, downMs: number): void {
    const slot = this.#slot(name);
    const { incarnation } = slot;
    if (!incarnation?.isAlive) return;
    incarnation.isAlive = false;
    slot.worker = undefined;
    slot.api = undefined;
    const { scheduler, story, broker } = this.#world;
    story.tell(name, `✝ ${why}`);
    // a socket that was closed is noticed at once, a host that is gone after a while
    const noticedMs = scheduler.random.chance(0.8) ? 5 : KEEPALIVE_MS;
    scheduler.after(noticedMs, undefined, 'connection lost', () => broker.unlink(incarnation));
    scheduler.after(downMs, undefined, 'restart', () => this.start(name));
  }

  /** A pause of all of it, such as a virtual machine that is moved: what it held is given to others meanwhile. */
  pause(name: string, forMs: number): void {
    const { incarnation } = this.#slot(name);
    if (!incarnation?.isAlive || incarnation.isPaused) return;
    const { scheduler, story, broker } = this.#world;
    story.tell(name, `is paused for ${Math.round(forMs)} ms`);
    incarnation.isPaused = true;
    scheduler.after(KEEPALIVE_MS, undefined, 'connection lost', () => {
      if (incarnation.isPaused) broker.unlink(incarnation);
    });
    scheduler.after(forMs, undefined, 'resume', () => {
      if (!incarnation.isAlive) return;
      story.tell(name, 'goes on');
      scheduler.resume(incarnation);
      broker.relink(incarnation);
    });
  }

  /** SIGTERM, then the next process. */
  stop(name: string, graceMs: number, downMs: number): void {
    const { incarnation, worker } = this.#slot(name);
    if (!incarnation?.isAlive || incarnation.isPaused || !worker) return;
    const { scheduler, story } = this.#world;
    scheduler.after(0, incarnation, 'SIGTERM', () => {
      story.tell(name, `SIGTERM, grace ${graceMs} ms`);
      void worker.worker.stop(graceMs).then(async () => {
        await worker.view.close();
        this.kill(name, 'has stopped', downMs);
      });
    });
  }

  disconnect(name: string, forMs: number): void {
    const { incarnation } = this.#slot(name);
    if (!incarnation?.isAlive || !incarnation.isLinked) return;
    const { scheduler, story, broker } = this.#world;
    story.tell(name, `loses its connections for ${Math.round(forMs)} ms`);
    incarnation.isLinked = false;
    broker.unlink(incarnation);
    scheduler.after(forMs, undefined, 'connected', () => {
      incarnation.isLinked = true;
      broker.relink(incarnation);
    });
  }

  moveClock(name: string, byMs: number): void {
    const slot = this.#slot(name);
    slot.clockOffsetMs += byMs;
    if (slot.incarnation) slot.incarnation.clockOffsetMs = slot.clockOffsetMs;
    this.#world.story.tell(name, `its clock jumps by ${byMs} ms`);
  }

  rebuildView(name: string): void {
    const slot = this.#slot(name);
    const view: LocalView | undefined = (slot.worker ?? slot.api)?.view;
    const { incarnation } = slot;
    if (!(view instanceof MemoryView) || !incarnation) return;
    this.#world.scheduler.after(0, incarnation, 'rebuild', () => {
      this.#world.story.tell(name, 'builds its view anew');
      view.rebuild();
    });
  }

  async #boot(slot: Slot, incarnation: Incarnation): Promise<void> {
    if (!slot.isWorker) {
      slot.api = await ApiProcess.start(this.#world, incarnation);
      return;
    }
    const engine = {
      planOf: this.#planOf,
      kill: () => this.kill(slot.name, 'killed by its engine', RESTART_MS),
    };
    slot.worker = await startWorkerProcess(this.#world, incarnation, this.#settings, engine);
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (!slot) throw new RangeError(`there is no process ${name}`);
    return slot;
  }
}
