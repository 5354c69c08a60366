import { newJobId, topicOf } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cancelled } from '../test/job-events.ts';
import { MemoryBus, MemoryView } from '../test/memory-fleet.ts';
import { HandWorker, MemoryArtifacts, type Replica, requestOf, startReplica, until } from '../test/rig.ts';

/** What the edge does with bad input and when a part behind it is ill, over real HTTP. */

const BODY = { generation_settings: { prompt: 'A dog', seed: 42 }, metadata: { grouping: 'test/grouping' } };
const OLD_ID = '0190a3c5-7b40-7000-8000-000000000001';

let bus: MemoryBus;
let view: MemoryView;
let artifacts: MemoryArtifacts;
let replica: Replica;

beforeEach(async () => {
  bus = new MemoryBus();
  view = new MemoryView(bus);
  artifacts = new MemoryArtifacts();
  replica = await startReplica({ bus, view, artifacts }, { publishTimeoutMs: 200, catchUpMs: 300 });
});
afterEach(() => replica.api.stop());

const call = (path: string, init: RequestInit = {}) => fetch(`${replica.url}${path}`, init);
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  call(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
const create = (body: unknown = BODY, headers: Record<string, string> = {}) =>
  post('/images', JSON.stringify(body), headers);
const requestedCount = () => bus.messages(topicOf('requested', 'txt2img')).length;

describe('bad input', () => {
  it('is answered with every fault at once', async () => {
    const response = await create({
      generation_settings: { steps: 0, width: 100 },
      metadata: { a: 1 },
      x: 1,
    });
    expect(response.status).toBe(422);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as { errors: { path: string }[] };
    expect(problem.errors.map(({ path }) => path).sort()).toEqual([
      'generation_settings.prompt',
      'generation_settings.steps',
      'generation_settings.width',
      'metadata.a',
      'x',
    ]);
    expect(requestedCount()).toBe(0);
  });

  it.each([
    ['malformed JSON', 400, '{"generation_settings":', 'application/json'],
    ['another type', 415, 'prompt=dog', 'application/x-www-form-urlencoded'],
    ['a body over the limit', 413, JSON.stringify({ x: 'x'.repeat(70_000) }), 'application/json'],
  ])('answers %s with %i', async (_what, status, body, type) => {
    const response = await post('/images/', body, { 'content-type': type });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status });
  });

  it("answers an unknown id with the seed's 404, and what is no id with 422", async () => {
    for (const path of [`/images/${OLD_ID}`, `/images/${OLD_ID}/`, `/images/${OLD_ID}/events`]) {
      const missing = await call(path);
      expect(missing.status).toBe(404);
      expect(await missing.json()).toEqual({ detail: 'Image not found' });
    }
    expect((await call('/images/not-a-uuid/')).status).toBe(422);
    expect((await call('/images/?limit=101')).status).toBe(422);
  });

  it('answers unknown routes, methods and malformed paths', async () => {
    const nothing = await call('/nothing');
    expect([nothing.status, await nothing.json()]).toEqual([
      404,
      expect.objectContaining({ detail: 'There is no route /nothing' }),
    ]);
    const patched = await call('/images', { method: 'PATCH' });
    expect([patched.status, patched.headers.get('allow')]).toEqual([405, 'POST, GET, HEAD']);
    expect(await patched.json()).toMatchObject({ detail: 'This route takes POST, GET, HEAD, not PATCH' });
    expect((await call('/images', { method: 'OPTIONS' })).status).toBe(204);
    expect((await call('/images/%E0%A4%A')).status).toBe(400);
    expect((await call('/artifacts/..%2F..%2Fetc%2Fpasswd')).status).toBe(404);
  });

  it('gives OpenAI clients their own error objects', async () => {
    const response = await post('/v1/images/generations', '{"prompt":"A dog","size":"9x9"}');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param: 'size' } });
    expect(await (await call('/v1/nothing')).json()).toMatchObject({
      error: { type: 'invalid_request_error' },
    });
  });
});

describe('a client that sends its request slowly', () => {
  it.each([
    ['headers', 'X-'],
    ['body', 'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{'],
  ])('is told 408 and let go where the end of its %s does not come', async (_part, begun) => {
    await replica.api.stop();
    replica = await startReplica({ bus, view, artifacts }, { requestTimeoutMs: 100 });
    const bytes = `POST /images HTTP/1.1\r\nHost: localhost\r\n${begun}`;
    expect((await rawRequest(replica.api.port, bytes)).status).toBe(408);
  });
});

describe('a foreign page', () => {
  it('gets nothing through a name that was bound to loopback', async () => {
    const { status } = await rawRequest(
      replica.api.port,
      'GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    );
    expect(status).toBe(421);
  });

  it('can change nothing', async () => {
    const response = await call('/dead-letters/redrive', {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
    });
    expect(response.status).toBe(403);
  });

  it('is told nothing about the server', async () => {
    const { headers } = await call('/health');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('etag')).toBeNull();
  });
});

describe('the bus', () => {
  it('being down is 503, and never a 202', async () => {
    bus.mood = 'down';
    const response = await create();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(JSON.stringify(await response.json())).not.toContain('ECONNREFUSED');
    bus.mood = 'well';
    expect((await create()).status).toBe(202);
  });

  it('that does not answer is 503 after a bounded wait', async () => {
    bus.mood = 'hung';
    expect((await create()).status).toBe(503);
    expect((await post('/v1/images/generations', '{"prompt":"A dog"}')).status).toBe(503);
  });

  it('shows in readiness, not in liveness', async () => {
    bus.mood = 'down';
    expect((await call('/health/live')).status).toBe(200);
    const ready = await call('/health/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ checks: { bus: 'failed', artifacts: 'ok' } });
  });
});

describe('the view', () => {
  it('is waited for when the id was made just now', async () => {
    view.isLagging = true;
    const { id } = await replica.client.createImage(BODY);
    const reading = replica.client.getImage(id);
    setTimeout(() => {
      view.isLagging = false;
    }, 50);
    expect(await reading).toMatchObject({ id, status: 'queued' });
  });

  it('that stays behind gives 503 and not a wrong 404', async () => {
    view.isLagging = true;
    const { id } = await replica.client.createImage(BODY);
    const response = await call(`/images/${id}`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await call(`/images/${OLD_ID}`)).status).toBe(404);
  });

  it.each([-9, 9])('is waited for when the clock that made the id is %d minutes off', async (minutes) => {
    view.isLagging = true;
    const id = newJobId(Date.now() + minutes * 60_000);
    expect((await call(`/images/${id}`)).status).toBe(503);
  });

  it('that is being rebuilt does not say 404 for an old id', async () => {
    view.isLagging = true;
    view.ready = false;
    expect((await call(`/images/${OLD_ID}`)).status).toBe(503);
    expect((await call('/images')).status).toBe(503);
  });

  it('that caught up says 404 for a recent id nobody made', async () => {
    expect((await call(`/images/${newJobId(Date.now())}`)).status).toBe(404);
  });
});

describe('an Idempotency-Key on a view that lags', () => {
  it('is answered 503 until it is sure, and leaves one job', async () => {
    view.isLagging = true;
    const send = () => create(BODY, { 'idempotency-key': 'order-7' });
    expect([(await send()).status, (await send()).status]).toEqual([503, 503]);
    expect(requestedCount()).toBe(2);
    view.isLagging = false;
    const answer = await send();
    expect(answer.headers.get('idempotency-replayed')).toBe('true');
    const [first, second] = bus.messages(topicOf('requested', 'txt2img'));
    expect(await answer.json()).toMatchObject({ id: first?.key });
    await until(() => bus.messages(topicOf('cancelled', 'txt2img')).length === 1);
    expect(bus.messages(topicOf('cancelled', 'txt2img'))[0]?.key).toBe(second?.key);
  });
});

describe('a client that hangs up while it waits', () => {
  it('ends the wait and not the job', async () => {
    const before = view.listenerCount;
    const hangUp = new AbortController();
    const waiting = replica.client.createImage(BODY, { waitSeconds: 60, signal: hangUp.signal });
    waiting.catch(() => undefined);
    await until(() => view.listenerCount === before + 1);
    hangUp.abort();
    await until(() => view.listenerCount === before);
    expect(bus.messages(topicOf('cancelled', 'txt2img'))).toHaveLength(0);
    await expect(waiting).rejects.toThrow();
  });
});

describe('the queue', () => {
  it('over its bound is 503 with the time to come back', async () => {
    await replica.api.stop();
    replica = await startReplica({ bus, view, artifacts }, { settings: { MAX_QUEUED_JOBS: 2 } });
    expect([(await create()).status, (await create()).status]).toEqual([202, 202]);
    const third = await create();
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '10']);
    expect(requestedCount()).toBe(2);
  });
});

describe('a part that throws', () => {
  it('costs its request a 500 without a word of why', async () => {
    artifacts.get = async () => {
      throw new TypeError('secret reason at /srv/file.ts');
    };
    const response = await call(`/artifacts/${OLD_ID}.jpg`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret|srv|TypeError/);
    expect((await call('/health')).status).toBe(200);
  });
});

describe('stopping', () => {
  it('ends waits with 202 and streams with their connection', async () => {
    const waiting = create(BODY, { prefer: 'wait=60' });
    await until(() => requestedCount() === 1);
    const [message] = bus.messages(topicOf('requested', 'txt2img'));
    const stream = await call(`/images/${message?.key}/events`);
    const reading = stream.text();
    await replica.api.stop();
    const answer = await waiting;
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, 'wait=60']);
    expect(await reading).toContain('event: queued');
    await expect(call('/health')).rejects.toThrow();
  });
});

describe('an OpenAI client that hangs up', () => {
  it('leaves a cancelled job behind, since nobody knows its id', async () => {
    const hangUp = new AbortController();
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, signal: hangUp.signal };
    const asking = call('/v1/images/generations', { ...init, body: '{"prompt":"A dog"}' });
    asking.catch(() => undefined);
    await until(() => requestedCount() === 1);
    hangUp.abort();
    await until(() => bus.messages(topicOf('cancelled', 'txt2img')).length === 1);
    await expect(asking).rejects.toThrow();
  });
});

describe('an event stream', () => {
  it('tells a waiting job its place again while nothing happens', async () => {
    await replica.api.stop();
    replica = await startReplica({ bus, view, artifacts }, { heartbeatMs: 20 });
    const { id } = await replica.client.createImage(BODY);
    const ids: (string | undefined)[] = [];
    for await (const event of replica.client.events(id)) {
      ids.push(event.eventId);
      if (ids.length === 3) {
        const worker = new HandWorker(bus, artifacts);
        await worker.publish(cancelled(await requestOf(view, id)));
        view.fold();
      }
    }
    expect(ids.slice(0, 3)).toEqual(['0.0.0', undefined, undefined]);
    expect(ids.at(-1)).toBe('0.99.0');
  });
});

/** `fetch` sets the Host header itself, and sends all or nothing; this says what it is told, until it is cut off. */
async function rawRequest(port: number, bytes: string): Promise<{ status: number }> {
  const { connect } = await import('node:net');
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const status = /^HTTP\/1\.1 (\d+)/.exec(Buffer.concat(chunks).toString())?.[1];
  return { status: Number(status) };
}
