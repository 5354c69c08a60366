import {
  chatCompletionChunkSchema,
  chatCompletionSchema,
  completionAcceptedSchema,
  completionChunkSchema,
  completionEventSchemas,
  completionResourceSchema,
  completionSchema,
  modelListSchema,
  openAiErrorSchema,
  openAiModelListSchema,
  openAiModelSchema,
} from '@genfleet/client/contract';
import { ANNOUNCEMENT_TOPIC, TEXT_FEATURES, type WorkerAnnouncement } from '@genfleet/job';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { WRITTEN } from '../test/hand-writer.ts';
import { type RealFleet, startRealFleet } from '../test/real-fleet.ts';
import { until } from '../test/rig.ts';

/** What is answered, against what the document says is answered: all of it, and nothing beside. */

const TEXT = WRITTEN.join('');
const ASK = { model: 'm', prompt: 'def add(a, b):' };
const CHAT = { model: 'm', messages: [{ role: 'user', content: 'Add' }] };

let fleet: RealFleet;
const working = new AbortController();

beforeAll(async () => {
  fleet = await startRealFleet();
  fleet.completionView.onChange(
    undefined,
    ({ event }) => {
      const isMine = event.type === 'requested' && event.kind === 'completion';
      if (isMine && event.settings.model !== 'idle') void fleet.writer.write(event);
    },
    working.signal,
  );
  await announce(['m', 'idle']);
});
afterAll(async () => {
  working.abort();
  await fleet.close();
});

const post = (path: string, body: unknown) =>
  fetch(`${fleet.a.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Models that can do everything, run by a worker that is there. */
async function announce(names: readonly string[]): Promise<void> {
  const text = { context_tokens: 1_000, max_tokens: 500, features: [...TEXT_FEATURES] };
  const announcement: WorkerAnnouncement = {
    type: 'announced',
    worker: 'w',
    engine: 'by hand',
    models: names.map((name) => ({ name, kind: 'completion', aliases: [], samplers: [], demo: false, text })),
    time: new Date().toISOString(),
    leaving: false,
  };
  const producer = await fleet.bus.producer(ANNOUNCEMENT_TOPIC);
  await producer.send({ key: 'w', value: JSON.stringify(announcement) });
  for (const { client } of [fleet.a, fleet.b]) await until(async () => (await client.models()).length > 0);
}

/** The value, which has exactly the members that the schema names. */
function exactly<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.parse(value);
  expect(parsed).toEqual(value);
  return parsed;
}

const answerOf = async (path: string, body: unknown, status = 200) => {
  const response = await post(path, body);
  expect(response.status).toBe(status);
  return response.json();
};

/** The data of a stream's events by their names; `[DONE]` as it is. */
async function eventsOf(response: Response): Promise<{ name: string; data: unknown }[]> {
  const blocks = (await response.text()).split('\n\n').filter((block) => block.includes('data: '));
  return blocks.map((block) => {
    const data = /^data: (.*)$/m.exec(block)?.[1] ?? '';
    return {
      name: /^event: (.*)$/m.exec(block)?.[1] ?? '',
      data: data === '[DONE]' ? data : JSON.parse(data),
    };
  });
}

describe('answers of /v1/completions', () => {
  it.each([[{}], [{ logprobs: 1, n: 2 }]])('are as described with %o', async (more) => {
    const { choices } = exactly(completionSchema, await answerOf('/v1/completions', { ...ASK, ...more }));
    for (const { text } of choices) expect(text).toBe(TEXT);
    exactly(completionSchema, await answerOf('/v1/engines/m/completions', { prompt: 'x', ...more }));
  });

  it.each([[{}], [{ logprobs: 1, stream_options: { include_usage: true } }]])(
    'are streamed as described with %o',
    async (more) => {
      const events = await eventsOf(await post('/v1/completions', { ...ASK, ...more, stream: true }));
      expect(events.pop()?.data).toBe('[DONE]');
      const chunks = events.map(({ data }) => exactly(completionChunkSchema, data));
      expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe(TEXT);
    },
  );

  it('are chats as described, whole and streamed', async () => {
    const path = '/v1/chat/completions';
    for (const more of [{}, { logprobs: true }]) {
      exactly(chatCompletionSchema, await answerOf(path, { ...CHAT, ...more }));
      const events = await eventsOf(await post(path, { ...CHAT, ...more, stream: true }));
      expect(events.pop()?.data).toBe('[DONE]');
      for (const { data } of events) exactly(chatCompletionChunkSchema, data);
    }
  });

  it.each([
    ['/v1/completions', ASK],
    ['/v1/chat/completions', CHAT],
  ])('in the background, of %s, are as described', async (path, body) => {
    const taken = exactly(
      completionAcceptedSchema,
      await answerOf(path, { ...body, background: true, metadata: { of: 'a test' } }, 202),
    );
    const events = await eventsOf(await fetch(`${fleet.a.url}/v1/completions/${taken.id}/events`));
    for (const { name, data } of events) {
      exactly(completionEventSchemas[name as keyof typeof completionEventSchemas], data);
    }
    expect(events.at(-1)?.name).toBe('completed');
    const job = exactly(
      completionResourceSchema,
      await (await fetch(`${fleet.b.url}/v1/completions/${taken.id}`)).json(),
    );
    expect([job.status, job.choices.length]).toEqual(['completed', 1]);
  });

  it('are jobs as described while they wait, and once they are cancelled', async () => {
    const { id } = exactly(
      completionAcceptedSchema,
      await answerOf('/v1/completions', { ...ASK, model: 'idle', background: true }, 202),
    );
    const url = `${fleet.a.url}/v1/completions/${id}`;
    const waiting = exactly(completionResourceSchema, await (await fetch(url)).json());
    expect([waiting.status, waiting.usage, waiting.queue?.position]).toEqual(['queued', null, 0]);
    const cancelled = await fetch(url, { method: 'DELETE' });
    expect(exactly(completionResourceSchema, await cancelled.json()).status).toBe('cancelled');
    const again = await fetch(url, { method: 'DELETE' });
    expect(again.status).toBe(409);
    exactly(openAiErrorSchema, await again.json());
  });

  it('list models as described', async () => {
    const models = await (await fetch(`${fleet.a.url}/v1/models`)).json();
    const { data } = exactly(openAiModelListSchema, models);
    expect(data.map(({ id }) => id)).toEqual(['m', 'idle']);
    const model = await (await fetch(`${fleet.a.url}/v1/models/m`)).json();
    expect(exactly(openAiModelSchema, model)).toEqual(data[0]);
    exactly(modelListSchema, await (await fetch(`${fleet.a.url}/models`)).json());
  });

  it.each([
    ['POST', '/v1/completions', 400],
    ['POST', '/v1/chat/completions', 400],
    ['GET', '/v1/completions/019a3c5e-7b40-7000-8000-000000000001', 404],
    ['GET', '/v1/completions/no-id/events', 400],
    ['POST', '/v1/completions/019a3c5e-7b40-7000-8000-000000000001/feedback', 400],
  ])('that refuse, of %s %s, are as described', async (method, path, status) => {
    const init = { method, headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${fleet.a.url}${path}`, method === 'POST' ? { ...init, body: '{}' } : init);
    expect(response.status).toBe(status);
    exactly(openAiErrorSchema, await response.json());
  });
});
