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

it.each(['http://api', 'http://api/', 'http://api/fleet//'])('takes %s as the address', async (baseUrl) => {
  const urls: string[] = [];
  const fetch = async (url: unknown) => {
    urls.push(String(url));
    return Response.json({ models: [] });
  };
  await createClient({ baseUrl, fetch: fetch as typeof globalThis.fetch }).models();
  expect(urls).toEqual([`${baseUrl.replace(/\/+$/, '')}/models`]);
});

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
    expect(page).toEqual({ images: [], total: 41, next: undefined });
    expect(calls[0]?.url).toBe('http://api/images/?limit=5&status=queued%2Crunning&grouping=a+b');
  });

  it('gives the cursor of the next page', async () => {
    const { calls, client } = scripted(json([], { headers: { 'x-next-cursor': 'abc' } }), json([]));
    const { next } = await client.listImages({ from: '2026-03-01T12:00:00Z' });
    expect(next).toBe('abc');
    await client.listImages({ ...(next === undefined ? {} : { cursor: next }) });
    expect(calls.map(({ url }) => url)).toEqual([
      'http://api/images/?from=2026-03-01T12%3A00%3A00Z',
      'http://api/images/?cursor=abc',
    ]);
  });
});

describe('jobs and the ledger', () => {
  it('are asked with the filter in the query', async () => {
    const { calls, client } = scripted(
      json({ jobs: [], next: 'c' }),
      json({ id: 'a', kind: 'txt2img', status: 'queued', events: [] }),
      json({ queries: [{ name: 'throughput', about: '', parameters: [] }] }),
      json({ columns: [], rows: [], truncated: false, elapsed_ms: 1 }),
    );
    expect(await client.jobs.list({ kind: ['txt2img', 'completion'], tenant: 't', limit: 2 })).toMatchObject({
      next: 'c',
    });
    expect(await client.jobs.history('a/b')).toMatchObject({ id: 'a' });
    expect(await client.ledger.queries()).toMatchObject([{ name: 'throughput' }]);
    expect(await client.ledger.ask('throughput', { from: '2026-03-01' })).toMatchObject({ rows: [] });
    expect(calls.map(({ url }) => url)).toEqual([
      'http://api/jobs?kind=txt2img%2Ccompletion&tenant=t&limit=2',
      'http://api/jobs/a%2Fb/history',
      'http://api/ledger/queries',
      'http://api/ledger/queries/throughput?from=2026-03-01',
    ]);
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
