import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '@genfleet/artifacts';
import { openFileObjects } from '@genfleet/artifacts-file';
import { openS3Objects } from '@genfleet/artifacts-s3';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { openPulsarWsBus } from '@genfleet/bus-pulsar-ws';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { encodeEvent, topicOf } from '@genfleet/job';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { afterAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { archivedMessages } from '../test/archived-messages.ts';
import { RecorderProcess } from '../test/recorder-process.ts';

const KILLS = 3;
/** In which it may be anywhere. */
const LIVES_MS = 700;
const TOPIC = topicOf('requested', 'txt2img');
const EVENT = FIXED_LEDGER[0]?.event;
if (!EVENT) throw new Error('the fixed ledger is empty');

interface Place {
  readonly env: Record<string, string>;
  readonly bus: Bus;
  readonly objects: ObjectStore;
}

/** Publishes until told to stop. @returns ids of what was acknowledged. */
async function publishing(bus: Bus, until: AbortSignal): Promise<string[]> {
  const producer = await bus.producer(TOPIC);
  const ids: string[] = [];
  const message = { key: EVENT?.id ?? '', value: encodeEvent(EVENT as NonNullable<typeof EVENT>) };
  while (!until.aborted) {
    const sent = await Promise.all(Array.from({ length: 5 }, () => producer.send(message)));
    ids.push(...sent.map(({ messageId }) => messageId));
    await sleep(25);
  }
  return ids.sort();
}

async function surviveKills({ env, bus, objects }: Place): Promise<void> {
  const over = new AbortController();
  const published = publishing(bus, over.signal);
  for (let kill = 0; kill < KILLS; kill++) {
    const recorder = new RecorderProcess(env);
    await recorder.said(/keeps the archive/);
    await sleep(LIVES_MS + kill * 311);
    await recorder.end('SIGKILL');
  }
  over.abort();
  const ids = await published;
  // two of them, by mistake
  const [recorder, other] = [new RecorderProcess(env), new RecorderProcess(env)];
  await Promise.all([recorder.said(/keeps the archive/), other.said(/keeps the archive/)]);
  const deadline = Date.now() + 60_000;
  while ((await archivedMessages(objects, TOPIC.name)).length < ids.length && Date.now() < deadline)
    await sleep(200);
  for (const each of [recorder, other]) expect((await each.end('SIGTERM')).code).toBe(0);
  expect(await archivedMessages(objects, TOPIC.name)).toEqual(ids);
}

const [pulsar, s3] = [await provide('pulsar'), await provide('s3')];

describe('a recorder that is killed again and again', () => {
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-kill-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('leaves neither a gap nor a double in a folder, and mends what is damaged', async () => {
    const archive = join(directory, 'archive');
    const file = join(directory, 'fleet.db');
    const env = {
      ...{ DATA_DIR: directory, BUS_URL: `sqlite:${file}`, ARCHIVE_URL: `file:${archive}` },
      ARCHIVE_INTERVAL_SECONDS: '1',
    };
    const bus = await openSqliteBus({ file });
    await bus.ensureTopics(fleetTopics());
    const objects = await openFileObjects({ directory: archive });
    await surviveKills({ env, bus, objects });

    const files: string[] = [];
    for await (const { key } of objects.list(TOPIC.name)) if (key.endsWith('.parquet')) files.push(key);
    const [first = '', second = ''] = files;
    const before = await Promise.all([objects.get(first), objects.get(second)]);
    await objects.put(first, (before[0] ?? Buffer.alloc(0)).subarray(0, 500));
    await objects.delete(second);
    const checked = await new RecorderProcess(env, ['check']).end();
    expect(checked.output).toMatch(`made anew: ${first} was damaged`);
    expect(checked.output).toMatch(`made anew: ${second} was missing`);
    expect(checked.code).toBe(0);
    for (const [index, key] of [first, second].entries()) {
      expect(Buffer.compare(await objects.get(key), before[index] ?? Buffer.alloc(0))).toBe(0);
    }
    await Promise.all([bus.close(), objects.close()]);
  }, 120_000);

  if ('missing' in pulsar || 'missing' in s3) {
    const reason = 'missing' in pulsar ? pulsar.missing : 'missing' in s3 && s3.missing;
    it.skip(`leaves neither a gap nor a double in S3, out of Pulsar (not here: ${reason})`, () => undefined);
    return;
  }

  it('leaves neither a gap nor a double in S3, out of Pulsar', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey } = s3;
    const credentials = { accessKeyId, secretAccessKey };
    const bucket = `genfleet-${randomUUID()}`;
    const client = new S3Client({ region, endpoint, forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    const busUrl = `${pulsar.wsUrl}/recorder-${randomUUID().slice(0, 8)}/images`;
    const token = pulsar.token ? { token: pulsar.token } : {};
    const bus = await openPulsarWsBus({ url: busUrl, adminUrl: pulsar.adminUrl, ...token });
    await bus.ensureTopics(fleetTopics());
    const prefix = 'kept';
    const objects = openS3Objects({ bucket, prefix, region, endpoint, forcePathStyle: true, credentials });
    const env = {
      ...{ DATA_DIR: directory, BUS_URL: busUrl, PULSAR_ADMIN_URL: pulsar.adminUrl },
      ...(pulsar.token ? { PULSAR_TOKEN: pulsar.token } : {}),
      ...{ ARCHIVE_URL: `s3://${bucket}/${prefix}`, ARCHIVE_INTERVAL_SECONDS: '1', S3_REGION: region },
      ...{ S3_ENDPOINT: endpoint, S3_FORCE_PATH_STYLE: 'true' },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    };
    await surviveKills({ env, bus, objects });
    await Promise.all([bus.close(), objects.close()]);
  }, 180_000);
});
