import { spawn } from 'node:child_process';
import { MockOpenAi } from '../../../tools/mock-openai/server.ts';
import { freePorts } from '../../../tools/provision/components.ts';
import { LedgerReader } from '../oracle/ledger.ts';
import { type Backing, embeddedBacking, type Need, realBacking, type StageName } from './backing.ts';
import type { Member } from './member.ts';
import { membersOf } from './members.ts';
import { ModelContainer } from './model-container.ts';
import { Network, type Way } from './network.ts';

const APIS = 2;
const STEP_MS = 10;
const ROOT = new URL('../../..', import.meta.url).pathname;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FleetOptions {
  readonly stage: StageName;
  /** Where its state is. */
  readonly folder: string;
  readonly logs: string;
  /** What its experiments need; a Pulsar of its own otherwise not, but one that others use as well. */
  readonly needs: ReadonlySet<Need>;
  /** What every process of it has wrong. */
  readonly mutant?: string | undefined;
}

/** Two APIs, three workers and a recorder as processes of their own, over real backing services, with ways to all of them. */
export class Fleet {
  readonly options: FleetOptions;
  /** What its topics hold, for the oracle. */
  readonly ledger = new LedgerReader();
  /** Of the model, as long as nobody wants it to be slower. */
  readonly stepMs = STEP_MS;
  readonly backing: Backing;
  readonly model: ModelContainer;
  readonly texts: MockOpenAi;
  readonly toModel: Way;
  readonly apis: readonly Member[];
  readonly workers: readonly Member[];
  readonly recorder: Member;
  readonly #network: Network;
  readonly #ports: readonly number[];

  private constructor(
    options: FleetOptions,
    parts: Pick<Fleet, 'backing' | 'model' | 'texts' | 'toModel' | 'apis' | 'workers' | 'recorder'>,
    network: Network,
    ports: readonly number[],
  ) {
    this.options = options;
    this.backing = parts.backing;
    this.model = parts.model;
    this.texts = parts.texts;
    this.toModel = parts.toModel;
    this.apis = parts.apis;
    this.workers = parts.workers;
    this.recorder = parts.recorder;
    this.#network = network;
    this.#ports = ports;
  }

  /** Starts all of it. @throws Error when a part can't be had here or does not start. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const { stage, folder, logs, needs: wanted, mutant } = options;
    const network = await Network.open();
    const backing = await (stage === 'pulsar'
      ? realBacking(network, folder, wanted)
      : embeddedBacking(folder));
    const model = new ModelContainer(STEP_MS);
    const toModel = await network.wayTo(await model.listen());
    const texts = new MockOpenAi({ models: ['mock'], tokens: 20 });
    const ENGINE_URL = `http://${toModel.host},openai+${await texts.listen()}`;
    const ports = await freePorts(APIS);
    const needs = { backing, engineUrl: ENGINE_URL, apiPorts: ports, folder, logs, mutant };
    const { api: apis, worker: workers, recorder: recorders } = await membersOf(needs);
    const [recorder] = recorders;
    if (!recorder) throw new TypeError('a fleet has a recorder');
    const fleet = new Fleet(
      options,
      { backing, model, texts, toModel, apis, workers, recorder },
      network,
      ports,
    );
    try {
      if (stage === 'pulsar') await fleet.#setUp();
      // one makes the file of the embedded bus, the others find it
      await fleet.apis[0]?.start();
      await Promise.all([...apis.slice(1), ...workers, recorder].map((member) => member.start()));
      return fleet;
    } catch (error) {
      await fleet.destroy();
      throw error;
    }
  }

  get members(): readonly Member[] {
    return [...this.apis, ...this.workers, this.recorder];
  }

  /** Where the APIs are, whether or not they answer. */
  get urls(): readonly string[] {
    return this.#ports.map((port) => `http://127.0.0.1:${port}`);
  }

  async ready(): Promise<void> {
    await Promise.all(this.members.map((member) => member.ready()));
  }

  /** `genfleet` with these words, straight on the backing services. */
  async genfleet(words: readonly string[]): Promise<Ended> {
    const { PATH = '', HOME = '' } = process.env;
    const flags = ['--disable-warning=ExperimentalWarning', 'services/cli/src/main.ts'];
    const child = spawn(process.execPath, [...flags, ...words], {
      cwd: ROOT,
      env: { PATH, HOME, ...this.backing.directEnv },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (text: Buffer) => {
        written[name] += text.toString();
      });
    }
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...written })));
  }

  async destroy(): Promise<void> {
    await Promise.allSettled(this.members.map((member) => member.destroy()));
    await Promise.allSettled([this.model.close(), this.texts.close(), this.#network.destroy()]);
    await this.backing.close();
  }

  async #setUp(): Promise<void> {
    const { code, stderr } = await this.genfleet(['setup']);
    if (code !== 0) throw new Error(`genfleet setup ended with ${code}: ${stderr}`);
  }
}
