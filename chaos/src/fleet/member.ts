import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHARGE_VARIABLE, type Charge, type Order, type Reached } from '../inside/orders.ts';
import type { Point } from '../inside/points.ts';
import { within } from '../within.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const REGISTER = new URL('../inside/register.ts', import.meta.url).href;
/** Starts in a row that come to nothing before it is given up. */
const FALSE_STARTS = 5;
const START_MS = 120_000;
/** Before a process that died is started again, as a kubelet does at first. */
const RESTART_MS = 200;
/** For a process that was told to stop; more than its own grace. */
const STOP_MS = 60_000;

export type ServiceName = 'api' | 'worker' | 'recorder';

/** What a service says once it does its work. */
const READY: Record<ServiceName, RegExp> = {
  api: /API listens on (http:[^"]+)/,
  worker: /worker (\S+) takes jobs/,
  recorder: /the (recorder) keeps the archive/,
};

export interface MemberOptions {
  readonly name: string;
  readonly service: ServiceName;
  readonly env: Readonly<Record<string, string>>;
  /** Folder for what it writes. */
  readonly logs: string;
  readonly mutant?: string | undefined;
}

/** One process of the fleet, started again whenever it ends unasked. */
export class Member {
  readonly name: string;
  readonly service: ServiceName;
  readonly #options: MemberOptions;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #standing: readonly Order[] = [];
  /** What the next process has in its environment beside the usual. */
  #extraEnv: Readonly<Record<string, string>> = {};
  /** What the process that runs now said when it began its work. */
  #said: string | undefined;
  #ready = Promise.withResolvers<void>();
  #falseStarts = 0;
  #deaths = 0;
  /** The process that runs now was asked to end. */
  #isTold = false;
  #onReached: ((reached: Reached) => void) | undefined;
  #onDeath: (() => void) | undefined;
  #fault: Error | undefined;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.service = options.service;
    this.#options = options;
    this.#log = createWriteStream(join(options.logs, `${options.name}.log`), { flags: 'a' });
  }

  /** How often it ended unasked. */
  get deaths(): number {
    return this.#deaths;
  }

  get pid(): number {
    const { pid } = this.#child ?? {};
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    return pid;
  }

  /** Resolves while it does its work. @throws Error when it does not come to that. */
  async ready(): Promise<void> {
    const { promise } = this.#ready;
    promise.catch(() => undefined);
    await within(START_MS, `${this.name} to start`, promise);
  }

  async start(): Promise<void> {
    this.#isWanted = true;
    this.#said = undefined;
    this.#falseStarts = 0;
    this.#ready = Promise.withResolvers();
    this.#spawn();
    await this.ready();
  }

  /** Orders that also every later process of this member is started with. */
  stand(orders: readonly Order[]): void {
    this.#standing = orders;
    for (const order of orders) this.order(order);
  }

  order(order: Order): void {
    if (this.#child?.connected) this.#child.send(order, () => undefined);
  }

  /** Has it wait at its next passage of a point; resolves with what that was about, once it stands there. */
  async hold(at: Point, of = ''): Promise<string> {
    const reached = Promise.withResolvers<string>();
    this.#onReached = ({ text }) => reached.resolve(text);
    this.order({ do: 'hold', at, passage: 1, of });
    return reached.promise;
  }

  /** Resolves at its next death. */
  death(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDeath = resolve;
    });
  }

  /** A process that ends of it is started again. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#isTold ||= signal === 'SIGTERM';
    this.#child?.kill(signal);
  }

  /** Asks it to end; resolves with its exit code. @throws Error when it does not obey. */
  async stop(): Promise<number | null> {
    this.#isWanted = false;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const code = await Promise.race([exited, sleep(STOP_MS, 'late' as const, { ref: false })]);
    if (code !== 'late') return code;
    child.kill('SIGKILL');
    throw new Error(`${this.name} did not end within ${STOP_MS} ms of SIGTERM`);
  }

  /** Stops it and starts it, with other variables beside its own if they are given. */
  async restart(extraEnv: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.stop();
    this.#extraEnv = extraEnv;
    await this.start();
  }

  /** What it did of its own accord that it should not have, told once. */
  takeFault(): readonly string[] {
    const fault = this.#fault;
    this.#fault = undefined;
    return fault ? [fault.message] : [];
  }

  /** Resolves once it is gone, and with it its hold on its files. */
  async destroy(): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await exited;
    }
    await new Promise<void>((resolve) => this.#log.end(resolve));
  }

  #spawn(): void {
    const { service, env, mutant } = this.#options;
    const charge: Charge = { orders: this.#standing, ...(mutant === undefined ? {} : { mutant }) };
    const { PATH = '', HOME = '' } = process.env;
    const flags = ['--disable-warning=ExperimentalWarning', '--import', REGISTER];
    const child = spawn(process.execPath, [...flags, `services/${service}/src/main.ts`], {
      cwd: ROOT,
      env: { PATH, HOME, ...env, ...this.#extraEnv, [CHARGE_VARIABLE]: JSON.stringify(charge) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#isTold = false;
    this.#listen(child);
    child.on('message', (message) => this.#onReached?.(message as Reached));
    child.once('exit', (code, signal) => this.#ended(child, code, signal));
  }

  #listen(child: ChildProcess): void {
    let output = '';
    const listen = (text: Buffer) => {
      this.#log.write(text);
      if (this.#said !== undefined || child !== this.#child) return;
      output += text.toString();
      const match = READY[this.service].exec(output);
      if (!match) return;
      this.#said = match[1] ?? '';
      this.#falseStarts = 0;
      this.#ready.resolve();
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (child !== this.#child || !this.#isWanted) return;
    this.#log.write(`\n--- ended with ${signal ?? code}\n`);
    this.#deaths += 1;
    // none may give up by itself, whatever is done to what it works with
    const isInOrder = signal === 'SIGKILL' || (this.#isTold && code === 0);
    if (!isInOrder) this.#fault ??= new Error(`${this.name} ended by itself with ${signal ?? code}`);
    if (this.#said === undefined) this.#falseStarts += 1;
    else this.#ready = Promise.withResolvers();
    this.#said = undefined;
    this.#onDeath?.();
    this.#onDeath = undefined;
    if (this.#falseStarts < FALSE_STARTS) setTimeout(() => this.#isWanted && this.#spawn(), RESTART_MS);
    else this.#ready.reject(new Error(`${this.name} does not start; its log says why`));
  }
}
