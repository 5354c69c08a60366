import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import OpenAI from 'openai';
import { MockOpenAi } from '../../../tools/mock-openai/server.ts';
import { dataFolder, type Product, startProduct } from '../test/product.ts';
import { providePythonSdk } from '../test/python-sdk.ts';
import { until } from '../test/until.ts';

jest.setTimeout(180_000);

let upstream: MockOpenAi;
let folder: ReturnType<typeof dataFolder>;
let product: Product;
let openai: OpenAI;

beforeAll(async () => {
  upstream = new MockOpenAi();
  folder = dataFolder();
  const url = await upstream.listen();
  product = await startProduct(folder.path, {
    ENGINE_URL: `openai+${url}`,
    COMPLETION_DEADLINE_SECONDS: '20',
    WEBHOOK_ALLOW_PRIVATE: 'true',
  });
  openai = new OpenAI({ baseURL: `${product.url}/v1`, apiKey: 'unused', maxRetries: 0 });
  await until(async () => (await openai.models.list()).data.some(({ id }) => id === 'mock'));
});
afterAll(async () => {
  await product?.end('SIGTERM');
  await upstream?.close();
  folder?.remove();
});
beforeEach(() => {
  upstream.settings = { ...upstream.settings, tokens: 240, chunks: 24, delayMs: 0 };
});
afterEach(() => {
  upstream.misbehaviour = undefined;
});

function post(path: string, body: unknown, more: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...more.headers };
  return fetch(product.url + path, { method: 'POST', body: JSON.stringify(body), ...more, headers });
}

const ask = { model: 'mock', prompt: 'def add(a, b):\n', max_tokens: 24, temperature: 0 };

describe('completions through the official SDK', () => {
  it('come whole, with the usage of the model’s tokenizer', async () => {
    const completion = await openai.completions.create(ask);
    expect(completion).toMatchObject({ object: 'text_completion', model: 'mock' });
    expect(completion.choices).toHaveLength(1);
    expect(completion.choices[0]?.text.length).toBeGreaterThan(20);
    expect(completion.choices[0]?.finish_reason).toBe('length');
    expect(completion.usage).toMatchObject({ completion_tokens: 24 });
    expect(completion.usage?.total_tokens).toBe((completion.usage?.prompt_tokens ?? 0) + 24);
  });

  it('are streamed: the first piece is here before the last was made', async () => {
    upstream.settings = { ...upstream.settings, chunks: 24, delayMs: 40 };
    const stream = await openai.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let runningAtFirst: number | undefined;
    let usage: unknown;
    const reasons: unknown[] = [];
    for await (const chunk of stream) {
      runningAtFirst ??= upstream.counts.running;
      text += chunk.choices[0]?.text ?? '';
      if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect(runningAtFirst).toBe(1);
    expect(usage).toMatchObject({ completion_tokens: 24 });
    expect(reasons).toEqual(['length']);
    expect(text).toBe((await openai.completions.create(ask)).choices[0]?.text);
  });

  it('make n texts of several prompts, in order', async () => {
    const { choices, usage } = await openai.completions.create({
      ...ask,
      prompt: ['a', 'b'],
      n: 2,
      max_tokens: 3,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(usage?.completion_tokens).toBe(12);
  });

  it('are chats, whole and streamed', async () => {
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    const wanted = { model: 'mock', messages, max_tokens: 8, temperature: 0 };
    const chat = await openai.chat.completions.create(wanted);
    expect(chat.object).toBe('chat.completion');
    expect(chat.choices[0]?.message).toMatchObject({ role: 'assistant' });
    const stream = await openai.chat.completions.create({ ...wanted, stream: true });
    let text = '';
    let role: string | undefined;
    for await (const chunk of stream) {
      role ??= chunk.choices[0]?.delta.role;
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(role).toBe('assistant');
    expect(text).toBe(chat.choices[0]?.message.content);
  });

  it('are refused in OpenAI’s own words', async () => {
    const refusal = async (body: Record<string, unknown>) =>
      openai.completions.create({ ...ask, ...body } as typeof ask).then(
        () => undefined,
        (error: unknown) => (error instanceof OpenAI.APIError ? error : undefined),
      );
    const unknown = await refusal({ model: 'gpt-9' });
    expect(unknown).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    expect(unknown?.message).toContain('mock');
    const tooLong = await refusal({ prompt: 'word '.repeat(6_000) });
    expect(tooLong).toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      type: 'invalid_request_error',
    });
    const bad = await refusal({ temperature: 3, best_of: 4, colour: 'red', stop: ['', 'x'] });
    expect(bad).toMatchObject({ status: 400, type: 'invalid_request_error' });
    for (const field of ['temperature', 'colour', 'stop']) expect(bad?.message).toContain(field);
  });

  it('say in an error event that a stream broke, and never look complete then', async () => {
    upstream.misbehaviour = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const choice = { index: 0, text: 'half a', finish_reason: null };
      response.write(
        `data: ${JSON.stringify({ id: 'x', object: 'text_completion', choices: [choice] })}\n\n`,
      );
      setTimeout(() => response.destroy(), 100);
      return true;
    };
    const response = await post('/v1/completions', { ...ask, stream: true });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('half a');
    expect(text).toContain('"error":');
    expect(text).not.toContain('[DONE]');
    const stream = await openai.completions.create({ ...ask, stream: true });
    const pieces: string[] = [];
    await expect(
      (async () => {
        for await (const chunk of stream) pieces.push(chunk.choices[0]?.text ?? '');
      })(),
    ).rejects.toThrow();
    expect(pieces.join('')).toBe('half a');
  });

  it('are tried again, unseen, when nothing was sent yet', async () => {
    let failures = 2;
    upstream.misbehaviour = (_request, response) => {
      if (failures === 0) return false;
      failures -= 1;
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"busy"}}');
      return true;
    };
    const { choices } = await openai.completions.create(ask);
    expect(choices[0]?.finish_reason).toBe('length');
    expect(failures).toBe(0);
  });
});

const sdk = await providePythonSdk();

describe('completions through the official SDK for Python', () => {
  (typeof sdk === 'string' ? it.skip : it)(
    `come whole and streamed, with errors of the right class${typeof sdk === 'string' ? ` (needs ${sdk})` : ''}`,
    async () => {
      if (typeof sdk === 'string') return;
      const seen = await sdk.run(`${product.url}/v1`, 'mock');
      const { choices } = await openai.completions.create(ask);
      expect(seen).toMatchObject({
        models: ['mock'],
        whole: { text: choices[0]?.text, usage: { completion_tokens: 24 } },
        streamed: choices[0]?.text,
        streamed_usage: 24,
        refusals: {
          NotFoundError: ['NotFoundError', 404, 'model_not_found'],
          BadRequestError: ['BadRequestError', 400, null],
        },
      });
      expect(seen['pieces']).toBeGreaterThan(3);
      expect(seen['chat_streamed']).toBe(seen['chat']);
    },
  );
});

describe('a client that leaves', () => {
  it('leaves no work behind, however many hang up half way', async () => {
    upstream.settings = { ...upstream.settings, tokens: 4_000, chunks: 4_000, delayMs: 25 };
    const before = upstream.counts;
    const people = 1_000;
    const hangUp = async () => {
      const leaving = new AbortController();
      const body = { ...ask, max_tokens: 4_000, stream: true };
      const response = await post('/v1/completions', body, { signal: leaving.signal });
      await response.body?.getReader().read();
      leaving.abort();
    };
    await Promise.all(Array.from({ length: people }, () => hangUp().catch(() => undefined)));
    await until(() => upstream.counts.running === 0);
    await until(
      async () =>
        /genfleet_jobs\{model="mock",state="(queued|running)"\} [1-9]/.test(await metrics()) === false,
    );
    expect(upstream.counts.finished).toBe(before.finished);
    upstream.settings = { ...upstream.settings, tokens: 240, chunks: 24, delayMs: 0 };
    expect((await openai.completions.create(ask)).choices).toHaveLength(1);
  });

  it('never has a job started that still waited in line', async () => {
    upstream.settings = { ...upstream.settings, tokens: 4_000, chunks: 4_000, delayMs: 25 };
    const leaving = new AbortController();
    const body = { ...ask, max_tokens: 4_000, stream: true };
    // as many as the engine takes at once, and some more that have to wait
    const busy = Array.from({ length: 64 }, () => post('/v1/completions', body, { signal: leaving.signal }));
    await Promise.all(busy);
    const impatient = new AbortController();
    const waiting = post(
      '/v1/completions',
      { ...ask, prompt: 'never asked' },
      { signal: impatient.signal },
    ).catch(() => 'left');
    await until(async () => /genfleet_jobs\{model="mock",state="queued"\} [1-9]/.test(await metrics()));
    impatient.abort();
    expect(await waiting).toBe('left');
    await until(async () => !/genfleet_jobs\{model="mock",state="queued"\} [1-9]/.test(await metrics()));
    leaving.abort();
    await until(() => upstream.counts.running === 0);
    expect(upstream.requests.some(({ prompt }) => prompt === 'never asked')).toBe(false);
  });

  it('is whoever types on: a newer request of the session supersedes the last', async () => {
    upstream.settings = { ...upstream.settings, tokens: 4_000, chunks: 4_000, delayMs: 25 };
    const headers = { 'x-session-id': 'editor-1' };
    const first = post('/v1/completions', { ...ask, max_tokens: 4_000 }, { headers });
    await until(() => upstream.counts.running === 1);
    upstream.settings = { ...upstream.settings, delayMs: 0 };
    const second = post('/v1/completions', { ...ask, max_tokens: 5 }, { headers });
    const superseded = await first;
    expect(superseded.status).toBe(409);
    expect(await superseded.json()).toMatchObject({ error: { code: 'superseded' } });
    expect((await second).status).toBe(200);
    await until(() => upstream.counts.running === 0);
  });
});

async function metrics(): Promise<string> {
  return (await fetch(`${product.url}/metrics`)).text();
}

describe('a background completion', () => {
  it('is fetched later, whole, by its id', async () => {
    const accepted = await post('/v1/completions', { ...ask, background: true, metadata: { grouping: 'g' } });
    expect(accepted.status).toBe(202);
    const { id } = (await accepted.json()) as { id: string };
    expect(accepted.headers.get('location')).toBe(`/v1/completions/${id}`);
    let job: Record<string, unknown> = {};
    await until(async () => {
      job = (await (await fetch(`${product.url}/v1/completions/${id}`)).json()) as Record<string, unknown>;
      return job['status'] === 'completed';
    });
    expect(job).toMatchObject({ id, object: 'text_completion', metadata: { grouping: 'g' }, error: null });
    expect(job['choices']).toMatchObject([{ index: 0, finish_reason: 'length' }]);
    expect(job['usage']).toMatchObject({ completion_tokens: 24 });
    const events = await (await fetch(`${product.url}/v1/completions/${id}/events`)).text();
    expect(events).toContain('event: queued');
    expect(events).toContain('event: completed');
  });

  it('is one job for one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'once' };
    const ids = await Promise.all(
      [1, 2].map(async () => {
        const response = await post('/v1/completions', { ...ask, background: true }, { headers });
        return ((await response.json()) as { id: string }).id;
      }),
    );
    expect(new Set(ids).size).toBe(1);
  });

  it('can be cancelled, and is a dead letter that comes back when it failed', async () => {
    upstream.settings = { ...upstream.settings, tokens: 4_000, chunks: 4_000, delayMs: 25 };
    const running = await post('/v1/completions', { ...ask, max_tokens: 4_000, background: true });
    const { id } = (await running.json()) as { id: string };
    await until(() => upstream.counts.running === 1);
    const cancelled = await fetch(`${product.url}/v1/completions/${id}`, { method: 'DELETE' });
    expect(cancelled.status).toBe(200);
    expect(await cancelled.json()).toMatchObject({ status: 'cancelled' });
    await until(() => upstream.counts.running === 0);

    upstream.settings = { ...upstream.settings, tokens: 240, chunks: 24, delayMs: 0 };
    upstream.misbehaviour = (_request, response) => {
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end('{"error":{"message":"no such key"}}');
      return true;
    };
    const doomed = await post('/v1/completions', { ...ask, background: true });
    const { id: deadId } = (await doomed.json()) as { id: string };
    const letters = async () =>
      (await (await fetch(`${product.url}/dead-letters?kind=completion`)).json()) as { id: string }[];
    await until(async () => (await letters()).some((letter) => letter.id === deadId));
    upstream.misbehaviour = undefined;
    expect((await post(`/dead-letters/${deadId}/redrive`, {})).status).toBe(202);
    await until(async () => {
      const job = (await (await fetch(`${product.url}/v1/completions/${deadId}`)).json()) as {
        status: string;
      };
      return job.status === 'completed';
    });
  });
});

describe('feedback', () => {
  it('is counted once for each completion', async () => {
    const { id } = await openai.completions.create(ask);
    for (const accepted of [true, true, false]) {
      expect((await post(`/v1/completions/${id}/feedback`, { accepted })).status).toBe(204);
    }
    expect(await metrics()).toContain(
      'genfleet_completion_feedback_total{model="mock",outcome="accepted"} 1',
    );
    expect(await metrics()).not.toContain('outcome="rejected"');
    expect((await post(`/v1/completions/${id}/feedback`, { accepted: 'yes' })).status).toBe(400);
    expect((await post('/v1/completions/nonsense/feedback', { accepted: true })).status).toBe(400);
  });
});

describe('plugins of the Copilot family', () => {
  it('name the engine in the path and send fields of their own', async () => {
    const body = { prompt: 'x', suffix: '', max_tokens: 5, extra: { language: 'python' }, nwo: 'a/b' };
    const response = await post('/v1/engines/mock/completions', body);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ model: 'mock' });
    expect((await post('/v1/engines/other/completions', body)).status).toBe(404);
  });
});
