import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openArtifacts, openBus } from '@genfleet/adapters';
import { createClient, type Receipt } from '@genfleet/client';
import { readConfig } from '@genfleet/config';
import { type CompletedEvent, encodeEvent, topicOf } from '@genfleet/job';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { auditLedger } from '../test/audit.ts';
import { busEnv, protocols } from '../test/broker.ts';
import { dataFolder, type Product, startProduct } from '../test/product.ts';
import { genfleet } from '../test/services.ts';
import { bucketEnv } from '../test/store.ts';

const MINUTES_MS = 10 * 60_000;
const JOBS = 40;
const SETTINGS = { prompt: 'a red circle', steps: 1, width: 64, height: 64 };

const [pulsar, s3] = await Promise.all([provide('pulsar'), provide('s3')]);

if ('missing' in pulsar || 'missing' in s3) {
  const missing = [pulsar, s3].flatMap((part) => ('missing' in part ? [part.missing] : []));
  describe('genfleet verify over Pulsar and S3', () =>
    it.skip(`needs ${missing.join('; ')}`, () => undefined));
} else {
  const namespace = `verify-${randomUUID().slice(0, 8)}/images`;
  const spoken = await protocols();

  describe('genfleet verify over Pulsar and S3', () => {
    const folder = dataFolder();
    const file = join(folder.path, 'receipts.jsonl');
    const receipts: Receipt[] = [];
    let env: Record<string, string> = {};
    let product: Product;

    beforeAll(async () => {
      const store = await bucketEnv(s3);
      env = { ...busEnv(pulsar, 'ws', namespace), ...store, DATA_DIR: folder.path };
      product = await startProduct(folder.path, env);
      const client = createClient({ baseUrl: product.url, onReceipt: (receipt) => receipts.push(receipt) });
      for (let seed = 0; seed < JOBS; seed++) {
        const { id } = await client.createImage({ generation_settings: { ...SETTINGS, seed } });
        if (seed % 10 === 9) await client.cancelImage(id).catch(() => undefined);
      }
      const status = ['queued', 'running', 'retrying'] as const;
      while ((await client.listImages({ status, limit: 1 })).total > 0) await sleep(200);
      await writeReceipts();
    }, MINUTES_MS);
    afterAll(async () => {
      await product?.end('SIGTERM');
      folder.remove();
    });

    const writeReceipts = (...more: Receipt[]) =>
      writeFile(file, [...receipts, ...more].map((receipt) => `${JSON.stringify(receipt)}\n`).join(''));
    const verify = (protocol: 'native' | 'ws') =>
      genfleet({ ...env, ...busEnv(pulsar, protocol, namespace) }, ['verify', '--receipts', file]);

    it.each(spoken)(
      'finds every job as it was promised, by %s',
      async (protocol) => {
        const { code, stdout, stderr } = await verify(protocol);
        expect({ code, stdout, stderr }).toEqual({
          code: 0,
          stdout: expect.stringMatching(
            new RegExp(
              `^verified ${JOBS} jobs \\(${receipts.length} receipts, .* 0 expired; 0 violations\n$`,
            ),
          ),
          stderr: '',
        });
      },
      MINUTES_MS,
    );

    it(
      'finds the same without receipts',
      async () => {
        const { code, stdout } = await genfleet(env, ['verify', '--from', '2026-01-01']);
        expect({ code, stdout }).toMatchObject({
          code: 0,
          stdout: expect.stringContaining(`verified ${JOBS} jobs`),
        });
      },
      MINUTES_MS,
    );

    it.each(spoken)(
      'finds, by %s, a receipt of a message that never was',
      async (protocol) => {
        const [first] = receipts;
        if (!first) throw new Error('there is no receipt');
        const message_id = first.message_id.replace(/:\d{10}:/, ':0099999999:');
        await writeReceipts({ ...first, message_id });
        const { code, stdout } = await verify(protocol);
        await writeReceipts();
        const lines = stdout.trim().split('\n');
        expect({ code, lines }).toEqual({
          code: 1,
          lines: [
            expect.stringMatching(`^message_missing txt2img ${first.id}: .*${message_id}`),
            expect.anything(),
          ],
        });
      },
      MINUTES_MS,
    );

    it(
      'finds a second outcome, and artifacts that are gone or changed',
      async () => {
        const ledger = await auditLedger(env);
        const ends = [...ledger.values()].flatMap(({ state: { outcome } }) =>
          outcome?.type === 'completed' && outcome.event.kind === 'txt2img' ? [outcome.event] : [],
        );
        const [twice, gone, changed] = ends;
        if (!twice || !gone || !changed) throw new Error('three jobs were completed');
        const config = readConfig(env);
        const bus = await openBus(config);
        const store = await openArtifacts(config);
        const keyOf = (event: CompletedEvent) => event.artifacts[0]?.key ?? '';
        try {
          const artifacts = twice.artifacts.map((artifact) => ({ ...artifact, sha256: 'b'.repeat(64) }));
          const producer = await bus.producer(topicOf('completed', 'txt2img'));
          await producer.send({ key: twice.id, value: encodeEvent({ ...twice, artifacts }) });
          await store.delete(keyOf(gone));
          await store.put(keyOf(changed), Buffer.from('not a picture'), 'image/jpeg');
        } finally {
          await store.close();
          await bus.close();
        }
        const { code, stdout } = await verify('ws');
        const lines = stdout.trim().split('\n').slice(0, -1).sort();
        expect({ code, lines }).toEqual({
          code: 1,
          lines: [
            expect.stringMatching(`^artifact_changed txt2img ${changed.id}: .*13 bytes`),
            expect.stringMatching(`^artifact_missing txt2img ${gone.id}: expected ${keyOf(gone)}`),
            expect.stringMatching(`^second_outcome txt2img ${twice.id}: `),
          ],
        });
      },
      MINUTES_MS,
    );
  });
}
