import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '@genfleet/artifacts';
import { openFileStore } from '@genfleet/artifacts-file';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import type { ImageEngine, TextEngine } from '@genfleet/engine';
import {
  decideRequest,
  decodeEvent,
  encodeEvent,
  imageRequestSchema,
  type JobEvent,
  type JobState,
  KINDS,
  newJobId,
  statusOf,
  topicOf,
  topicsOf,
} from '@genfleet/job';
import { type LocalView, openView } from '@genfleet/ledger';
import { createLogger, createRegistry, createWorkerMetrics } from '@genfleet/telemetry';
import { startImageWorker, startTextWorker, type Worker, type WorkerOptions } from '../src/index.ts';

const PATIENCE_MS = 30_000;

/** A real embedded bus, view and store around the worker under test. */
export interface Rig {
  readonly bus: Bus;
  readonly view: LocalView;
  readonly textView: LocalView;
  readonly artifacts: ArtifactStore;
  start(engine: ImageEngine, change?: Partial<WorkerOptions & { batchJobs: number }>): Promise<Worker>;
  /** A worker of texts over a view of its own; `state` reads from there. */
  startText(engine: TextEngine, change?: Partial<WorkerOptions>): Promise<Worker>;
  /** Puts a job in line, and answers its id. */
  request(
    settings?: Record<string, unknown>,
    more?: Record<string, unknown>,
    tenant?: string,
  ): Promise<string>;
  publish(event: JobEvent): Promise<void>;
  /** Waits for the job to have this status. */
  until(id: string, status: string): Promise<JobState>;
  close(): Promise<void>;
}

export async function createRig(): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'genfleet-worker-'));
  const log = createLogger({ level: 'silent', service: 'test' });
  const bus = await openSqliteBus({ file: join(folder, 'fleet.db') });
  await bus.ensureTopics(fleetTopics());
  const view = await openView({ bus, file: ':memory:', kinds: ['txt2img'], log, now: Date.now });
  const textView = await openView({ bus, file: ':memory:', kinds: ['completion'], log, now: Date.now });
  const artifacts = await openFileStore({ directory: join(folder, 'artifacts') });
  const workers: Worker[] = [];

  const publish = async (event: JobEvent) => {
    const producer = await bus.producer(topicOf(event.type, event.kind));
    await producer.send({ key: event.id, value: encodeEvent(event) });
  };
  const workerOptions = (): WorkerOptions => ({
    worker: `worker-${workers.length + 1}`,
    bus,
    view,
    artifacts,
    log,
    metrics: createWorkerMetrics(createRegistry()),
    now: Date.now,
    newClaim: randomUUID,
    backoffMs: [10, 10, 10],
    scheduling: { weights: {}, patienceMs: 60_000 },
    engineIdleTimeoutMs: 10_000,
  });
  return {
    bus,
    view,
    textView,
    artifacts,
    publish,
    start: async (engine, change) => {
      const { batchJobs = 4, ...changed } = change ?? {};
      const options = { ...workerOptions(), ...changed };
      const worker = await startImageWorker(options, { engine, batchJobs });
      workers.push(worker);
      return worker;
    },
    startText: async (engine, change) => {
      const worker = await startTextWorker({ ...workerOptions(), view: textView, ...change }, { engine });
      workers.push(worker);
      return worker;
    },
    request: async (settings = {}, more = {}, tenant = 'default') => {
      const generation_settings = { prompt: 'x', width: 64, height: 64, model: 'grey', ...settings };
      const nowMs = Date.now();
      const body = imageRequestSchema.parse({ generation_settings, ...more });
      const event = decideRequest(body, { id: newJobId(nowMs), tenant, nowMs, seed: 1 });
      await publish(event);
      return event.id;
    },
    until: async (id, status) => {
      const endMs = performance.now() + PATIENCE_MS;
      for (;;) {
        const state = view.job(id) ?? textView.job(id);
        if (state && statusOf(state) === status) return state;
        if (performance.now() > endMs) {
          throw new Error(`job ${id} is ${state ? statusOf(state) : 'not known'}, not ${status}`);
        }
        await sleep(10);
      }
    },
    close: async () => {
      for (const worker of workers) await worker.stop(0);
      await Promise.all([view.close(), textView.close()]);
      await bus.close();
      await artifacts.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What is written is to the last field what is read: its own writer takes it as it was before it was text. */
export async function checkEvents(bus: Bus): Promise<void> {
  for (const { topic } of KINDS.flatMap(topicsOf)) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for await (const { messages, caughtUp } of bus.read(topic, { from: 'earliest', signal })) {
      // with a blank it is a text that nobody here wrote
      for (const { value } of messages) assert.deepEqual(JSON.parse(value), decodeEvent(`${value} `));
      if (caughtUp) break;
    }
  }
}
