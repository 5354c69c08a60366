import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { MockOpenAi } from '../../../tools/mock-openai/server.ts';
import { provide } from '../../../tools/provision/components.ts';
import { busEnv, protocols } from '../test/broker.ts';
import { dataFolder } from '../test/product.ts';
import { processes, setUp, startApi, startWorker } from '../test/services.ts';
import { bucketEnv } from '../test/store.ts';
import { until } from '../test/until.ts';

const MINUTES_MS = 10 * 60_000;

const [pulsar, s3] = await Promise.all([provide('pulsar'), provide('s3')]);

if ('missing' in pulsar || 'missing' in s3) {
  const missing = [pulsar, s3].flatMap((part) => ('missing' in part ? [part.missing] : []));
  describe('completions on Pulsar', () => it.skip(`run (needs ${missing.join('; ')})`, () => undefined));
} else {
  describe.each(await protocols())('completions on Pulsar by %s, two APIs and two workers', (protocol) => {
    const { started, killAll } = processes();
    const folders = [dataFolder(), dataFolder()];
    let upstream: MockOpenAi;
    let urls: string[];

    beforeAll(async () => {
      upstream = new MockOpenAi();
      const engine = await upstream.listen();
      const namespace = `texts-${randomUUID().slice(0, 8)}/completions`;
      const parts = { ...busEnv(pulsar, protocol, namespace), ...(await bucketEnv(s3)) };
      const envs = folders.map(({ path }) => ({ ...parts, DATA_DIR: path, ENGINE_URL: `openai+${engine}` }));
      const { code, output } = await setUp(envs[0] ?? {});
      expect({ code, output }).toMatchObject({ code: 0 });
      const [apis] = await Promise.all([
        Promise.all(envs.map((env) => started(startApi(env)))),
        Promise.all(envs.map((env) => started(startWorker(env)))),
      ]);
      urls = apis.map(({ url }) => url);
      for (const url of urls) {
        await until(async () => (await clientOf(url).models.list()).data.some(({ id }) => id === 'mock'));
      }
    }, MINUTES_MS);
    afterAll(async () => {
      await killAll();
      await upstream?.close();
      for (const folder of folders) folder.remove();
    });

    const ask = { model: 'mock', prompt: 'import ', max_tokens: 24, temperature: 0 };
    const endless = { ...ask, max_tokens: 4_000 };

    it(
      'stream through either API, whichever worker writes',
      async () => {
        upstream.settings = { ...upstream.settings, chunks: 24, delayMs: 10 };
        const texts = await Promise.all(
          [0, 1, 0, 1].map(async (replica) => {
            const stream = await clientOf(urls[replica]).completions.create({ ...ask, stream: true });
            let text = '';
            let running: number | undefined;
            for await (const chunk of stream) {
              running ??= upstream.counts.running;
              text += chunk.choices[0]?.text ?? '';
            }
            expect(running).toBeGreaterThan(0);
            return text;
          }),
        );
        const whole = await clientOf(urls[0]).completions.create(ask);
        expect(new Set(texts)).toEqual(new Set([whole.choices[0]?.text]));
      },
      MINUTES_MS,
    );

    it(
      'are stopped at their source when the client hangs up, or types on at the other API',
      async () => {
        upstream.settings = { ...upstream.settings, tokens: 4_000, chunks: 4_000, delayMs: 25 };
        const leaving = new AbortController();
        const gone = clientOf(urls[0]).completions.create(endless, { signal: leaving.signal });
        await until(() => upstream.counts.running === 1);
        leaving.abort();
        await expect(gone).rejects.toThrow();
        await until(() => upstream.counts.running === 0);

        const headers = { 'x-session-id': 'editor' };
        const first = clientOf(urls[0]).completions.create(endless, { headers });
        const superseded = expect(first).rejects.toMatchObject({ status: 409, code: 'superseded' });
        await until(() => upstream.counts.running === 1);
        upstream.settings = { ...upstream.settings, delayMs: 0 };
        await clientOf(urls[1]).completions.create(ask, { headers });
        await superseded;
        await until(() => upstream.counts.running === 0);
      },
      MINUTES_MS,
    );

    it(
      'are fetched from any API when they ran in the background',
      async () => {
        upstream.settings = { ...upstream.settings, tokens: 240, chunks: 24, delayMs: 0 };
        const accepted = await fetch(`${urls[0]}/v1/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...ask, background: true }),
        });
        const { id } = (await accepted.json()) as { id: string };
        await until(async () => {
          const job = (await (await fetch(`${urls[1]}/v1/completions/${id}`)).json()) as {
            status?: string;
            choices?: { text: string }[];
          };
          return job.status === 'completed' && (job.choices?.[0]?.text.length ?? 0) > 20;
        });
      },
      MINUTES_MS,
    );
  });
}

function clientOf(url: string | undefined): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 });
}
