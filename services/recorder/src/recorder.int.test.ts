import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SegmentWriter } from '@genfleet/archive';
import { openParquetWriter } from '@genfleet/archive-parquet';
import type { ObjectStore } from '@genfleet/artifacts';
import { openFileObjects } from '@genfleet/artifacts-file';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { encodeEvent, GenfleetError } from '@genfleet/job';
import { ledgerTables } from '@genfleet/ledger';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { createArchiveMetrics, createLogger, createRegistry, Registry } from '@genfleet/telemetry';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { archivedMessages } from '../test/archived-messages.ts';
import { startRecorder } from './recorder.ts';

const TOPIC = 'requested_txt2img_generation';
const TEXTS = 'requested_completion_generation';
const log = createLogger({ level: 'silent', service: 'test' });

describe('the recorder', () => {
  let directory: string;
  let bus: Bus;
  let objects: ObjectStore;
  let writer: SegmentWriter;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'genfleet-recorder-'));
    bus = await openSqliteBus({ file: join(directory, 'fleet.db') });
    await bus.ensureTopics(fleetTopics());
    objects = await openFileObjects({ directory: join(directory, 'archive') });
    writer = await openParquetWriter({ directory: join(directory, 'scratch') });
  });
  afterEach(async () => {
    await Promise.all([bus.close(), objects.close(), writer.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  async function publish(): Promise<Map<string, string[]>> {
    const ids = new Map<string, string[]>(ledgerTables().map(({ name }) => [name, []]));
    for (const { topic, event } of FIXED_LEDGER) {
      const sent = await (await bus.producer(topic)).send({ key: event.id, value: encodeEvent(event) });
      ids.get(topic.name)?.push(sent.messageId);
    }
    return ids;
  }

  const start = (store: ObjectStore, intervalMs: number, registry = new Registry()) =>
    startRecorder({
      ...{ bus, objects: store, writer, topics: fleetTopics(), intervalMs, log, now: Date.now },
      metrics: createArchiveMetrics(registry),
    });

  const isArchived = async (ids: ReadonlyMap<string, string[]>) => {
    for (const [topic, expected] of ids) {
      if ((await archivedMessages(objects, topic)).length < expected.length) return false;
    }
    return true;
  };

  it('archives every topic of every kind, and says how far behind it is', async () => {
    const ids = await publish();
    const registry = createRegistry();
    const recorder = start(objects, 1_000, registry);
    while (!(await isArchived(ids))) await sleep(100);
    for (const [topic, expected] of ids) expect(await archivedMessages(objects, topic)).toEqual(expected);
    await recorder.ready();
    const metrics = await registry.metrics();
    expect(metrics).toContain(`genfleet_archive_messages_total{topic="${TOPIC}"} ${ids.get(TOPIC)?.length}`);
    expect(metrics).toContain(`genfleet_archive_lag_seconds{topic="${TOPIC}"} 0`);
    await recorder.stop(10_000);
  });

  it('keeps nothing that a person wrote to a text model', async () => {
    const ids = await publish();
    const recorder = start(objects, 1_000);
    while (!(await isArchived(ids))) await sleep(100);
    await recorder.stop(10_000);
    for (const { name } of ledgerTables()) {
      for await (const { key } of objects.list(name)) {
        const text = Buffer.from(await objects.get(key)).toString('latin1');
        expect(text).not.toMatch(/write a loop|def f\(/);
      }
    }
  });

  it('leaves what is open to the topics when it is told to stop, but for what they forget', async () => {
    const ids = await publish();
    const registry = createRegistry();
    const recorder = start(objects, 3_600_000, registry);
    while (
      !/lag_seconds\{topic="requested_completion_generation"\} 0?\.?[0-9]*[1-9]/.test(
        await registry.metrics(),
      )
    ) {
      await sleep(20);
    }
    await recorder.stop(10_000);
    expect(await archivedMessages(objects, TOPIC)).toEqual([]);
    expect(await archivedMessages(objects, TEXTS)).toEqual(ids.get(TEXTS));
  });

  it('loses nothing while its place is full or away, and says what is wrong', async () => {
    let fault: string | undefined = 'the disk is full';
    const failing = async () => {
      if (fault !== undefined) throw new GenfleetError('artifacts_failed', fault);
    };
    const unreliable: ObjectStore = {
      ...{ get: (key) => objects.get(key), list: (folder, after) => objects.list(folder, after) },
      ...{
        delete: (key) => objects.delete(key),
        health: () => objects.health(),
        close: () => objects.close(),
      },
      put: async (key, bytes) => {
        await failing();
        await objects.put(key, bytes);
      },
      putIfAbsent: async (key, bytes) => {
        if (Math.random() < 0.5) await failing();
        const isFirst = await objects.putIfAbsent(key, bytes);
        await failing();
        return isFirst;
      },
    };
    const ids = await publish();
    const recorder = start(unreliable, 1_000);
    const why = () =>
      recorder.ready().then(
        () => undefined,
        (error: unknown) => (error as Error).message,
      );
    while ((await why()) !== 'the disk is full') await sleep(50);
    fault = undefined;
    while (!(await isArchived(ids))) await sleep(100);
    for (const [topic, expected] of ids) expect(await archivedMessages(objects, topic)).toEqual(expected);
    while ((await why()) !== undefined) await sleep(50);
    await recorder.stop(10_000);
  });
});
