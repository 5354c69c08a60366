import { describe, expect, it } from '@jest/globals';
import { ApiError } from './api-error.ts';
import { createClient } from './client.ts';
import type { Receipt } from './types.ts';

interface Call {
  readonly url: string;
  readonly init: RequestInit;
}

/** A fetch that answers with the given responses in turn and keeps what was asked. */
function scripted(...answers: (() => Response)[]) {
  const calls: Call[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    calls.push({ url: String(url), init });
    const answer = answers[calls.length - 1];
    if (!answer) throw new TypeError('fetch failed');
    return answer();
  };
  return { calls, client: createClient({ baseUrl: 'http://api', fetch: fetch as typeof globalThis.fetch }) };
}

const stream = (text: string) => () =>
  new Response(text, { headers: { 'content-type': 'text/event-stream' } });
const json =
  (value: unknown, init: ResponseInit = {}) =>
  () =>
    Response.json(value, init);

describe('createImage', () => {
  it('sends key and wait as headers and says whether the job has ended', async () => {
    const { calls, client } = scripted(
      json({ message: 'Request is being processed', id: 'a' }, { status: 202 }),
    );
    const request = { generation_settings: { prompt: 'A dog' } };
    const created = await client.createImage(request, { idempotencyKey: 'k', waitSeconds: 5 });
    expect(created).toEqual({ id: 'a', image: undefined });
    expect(calls[0]?.init.headers).toMatchObject({ 'idempotency-key': 'k', prefer: 'wait=5' });
  });

  it('throws the problem that the API names', async () => {
    const problem = { detail: 'bad', errors: [{ path: 'generation_settings.prompt', message: 'required' }] };
    const { client } = scripted(json(problem, { status: 422, headers: { 'retry-after': '3' } }));
    const refused = await client.createImage({ generation_settings: { prompt: '' } }).catch((error) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ status: 422, problem, retryAfterSeconds: 3 });
  });
});

describe('receipts', () => {
  const receipt = { id: 'a', kind: 'txt2img', topic: 't', message_id: '07', sha256: 'f' };
  const headers = { 'genfleet-receipt': JSON.stringify(receipt) };

  it('come with the job, and every one of them to whoever keeps them', async () => {
    const answers = [
      json({ message: 'm', id: 'a' }, { status: 202, headers }),
      json({ message: 'm', id: 'a' }, { status: 202 }),
      json({ message: 'm', id: 'a' }, { status: 202, headers }),
      json({ redriven: 2, remaining: 0, receipts: [receipt, receipt] }, { status: 202 }),
    ];
    const kept: Receipt[] = [];
    const fetch = async () => (answers.shift() as () => Response)();
    const client = createClient({ fetch, onReceipt: (one) => kept.push(one) });
    const request = { generation_settings: { prompt: 'A dog' } };
    expect((await client.createImage(request)).receipt).toEqual(receipt);
    expect((await client.createImage(request)).receipt).toBeUndefined();
    await client.cancelImage('a');
    await client.redriveAll();
    expect(kept).toEqual([receipt, receipt, receipt, receipt]);
  });
});

describe('listImages', () => {
  it('puts the filter in the query and reads the total', async () => {
    const { calls, client } = scripted(json([], { headers: { 'x-total-count': '41' } }));
    const page = await client.listImages({ limit: 5, status: ['queued', 'running'], grouping: 'a b' });
    expect(page).toEqual({ images: [], total: 41 });
    expect(calls[0]?.url).toBe('http://api/images/?limit=5&status=queued%2Crunning&grouping=a+b');
  });
});

describe('events', () => {
  const follow = async (client: ReturnType<typeof createClient>) => {
    const seen: string[] = [];
    for await (const event of client.events('a')) seen.push(event.type);
    return seen;
  };

  it('opens a broken stream again after the last event that had an id', async () => {
    const { calls, client } = scripted(
      stream('id: 0.0.0\nevent: queued\ndata: {}\n\nevent: progress\ndata: {}\n\n'),
      stream('id: 0.9.0\nevent: completed\ndata: {}\n\n'),
    );
    expect(await follow(client)).toEqual(['queued', 'progress', 'completed']);
    expect(calls[1]?.init.headers).toMatchObject({ 'last-event-id': '0.0.0' });
  });

  it('ends when there is nothing after the last event', async () => {
    const { client } = scripted(
      stream('id: 0.0.0\nevent: queued\ndata: {}\n\n'),
      () => new Response(null, { status: 204 }),
    );
    expect(await follow(client)).toEqual(['queued']);
  });

  it('does not knock again at a job that is not there', async () => {
    const { calls, client } = scripted(json({ detail: 'Image not found' }, { status: 404 }));
    await expect(follow(client)).rejects.toMatchObject({ status: 404, message: 'Image not found' });
    expect(calls).toHaveLength(1);
  });
});
