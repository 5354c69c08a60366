import type { Message } from '@genfleet/bus';
import { type LocalView, openView } from '@genfleet/ledger';
import type { Logger } from '@genfleet/telemetry';
import { Broker } from './broker.ts';
import type { Incarnation } from './incarnation.ts';
import { ProcessStore, type StoredFiles } from './memory-store.ts';
import { MemoryView } from './memory-view.ts';
import type { Mutant } from './mutants.ts';
import { Network } from './network.ts';
import { Oracle } from './oracle.ts';
import { ProcessBus } from './process-bus.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { Story } from './story.ts';
import { tellingLog } from './telling-log.ts';

/** As the port has it, and as it was found to hold as well. */
const PROMISED_CLOCK_ERROR_MS = 1_000;
const WORSE_CLOCK_ERROR_MS = 60_000;

export interface WorldOptions {
  readonly seed: number;
  /** Whether each step is written down. */
  readonly isTold: boolean;
  readonly mutant: Mutant | undefined;
  /** Whether processes fold into the product's own view, in SQLite, which takes thirty times as long. */
  readonly hasRealViews: boolean;
}

/** What a process is given to reach the rest of the world. */
export interface Surroundings {
  readonly bus: ProcessBus;
  readonly store: ProcessStore;
  readonly view: LocalView;
  readonly log: Logger;
  /** Unix ms by the clock of the bus, as the services have it. */
  readonly now: () => number;
}

/** Everything outside the processes: time, network, broker, store, and who watches. */
export class World {
  readonly options: WorldOptions;
  readonly scheduler: Scheduler;
  readonly story: Story;
  readonly oracle: Oracle;
  readonly broker: Broker;
  readonly busNetwork: Network;
  readonly storeNetwork: Network;
  readonly files: StoredFiles = new Map();
  /** Extra lag of a process's reader of a topic, in ms, by `process/topic`. */
  readonly lags = new Map<string, number>();

  /** By how much the bus's clock may differ between processes, however wrong their own are. */
  readonly #clockErrorMs: number;

  constructor(options: WorldOptions) {
    this.options = options;
    this.scheduler = new Scheduler(options.seed);
    this.story = new Story(this.scheduler, options.isTold);
    this.oracle = new Oracle(this.story, this.files);
    this.busNetwork = new Network(this.scheduler, this.story);
    this.storeNetwork = new Network(this.scheduler, this.story);
    const random = Random.of(options.seed, 'broker');
    this.#clockErrorMs = random.pick([PROMISED_CLOCK_ERROR_MS, WORSE_CLOCK_ERROR_MS]);
    this.broker = new Broker({
      nowMs: (owner) => this.#nowMs(owner),
      scheduler: this.scheduler,
      network: this.busNetwork,
      story: this.story,
      stampedBy: random.chance(0.5) ? 'producer' : 'broker',
      lateAcks: random.chance(0.5) ? 'count' : 'are ignored',
      onStored: (message: Message) => this.oracle.stored(message),
      onAcked: (message: Message) => this.oracle.acked(message),
    });
  }

  #nowMs({ clockOffsetMs }: Incarnation): number {
    const errorMs = Math.max(-this.#clockErrorMs, Math.min(this.#clockErrorMs, clockOffsetMs));
    return Math.floor(this.scheduler.nowMs + errorMs);
  }

  /** To be called while the process runs: its view begins to read. */
  async surround(owner: Incarnation): Promise<Surroundings> {
    const { scheduler, broker, busNetwork, storeNetwork } = this;
    const lagMs = (reader: Incarnation, topic: string) => this.lags.get(`${reader.name}/${topic}`) ?? 0;
    const bus = new ProcessBus({ scheduler, network: busNetwork, broker, lagMs }, owner);
    const store = new ProcessStore(storeNetwork, this.files, owner);
    const log = tellingLog(this.story, owner);
    const now = () => bus.nowMs();
    const view = this.options.hasRealViews
      ? await openView({ bus, file: ':memory:', kinds: ['txt2img'], log, now })
      : new MemoryView(bus, broker);
    return { bus, store, view, log, now };
  }
}
