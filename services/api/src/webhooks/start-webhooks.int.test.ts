import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBus } from '@genfleet/adapters';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { readConfig } from '@genfleet/config';
import { encodeEvent, type JobEvent, newJobId, type RequestedEvent, topicOf } from '@genfleet/job';
import { openView, type View } from '@genfleet/ledger';
import { createLogger, createRegistry, createWebhookMetrics } from '@genfleet/telemetry';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { cancelled, completed, dead, requested } from '../../test/job-events.ts';
import { until } from '../../test/rig.ts';
import { startWebhooks, type WebhookOptions, type Webhooks } from './index.ts';

const SECRET = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`;
const log = createLogger({ level: 'silent', service: 'api' });

interface Heard {
  readonly path: string;
  readonly id: string;
  readonly type: string;
  readonly job: string;
}

/** A receiver that verifies what it gets; what it answers to the nth call of a path is up to the test. */
async function startReceiver(answer: (path: string, call: number) => number | 'hang' = () => 204) {
  const heard: Heard[] = [];
  const calls = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const call = (calls.get(path) ?? 0) + 1;
    calls.set(path, call);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const event = new Webhook(SECRET).verify(body, request.headers as Record<string, string>) as {
      type: string;
      data: { id: string };
    };
    const status = answer(path, call);
    if (status === 'hang') return;
    const id = String(request.headers['webhook-id']);
    if (status < 300) heard.push({ path, id, type: event.type, job: event.data.id });
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, heard, calls, close };
}

describe('startWebhooks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-webhooks-'));
  const cleanUps: (() => unknown)[] = [];
  let bus: Bus;
  let view: View;

  beforeAll(async () => {
    bus = await openBus(readConfig({ DATA_DIR: directory }));
    await bus.ensureTopics(fleetTopics());
    view = await openView({ bus, file: ':memory:', kinds: ['txt2img'], log, now: Date.now });
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  afterAll(async () => {
    await view.close();
    await bus.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function receiver(answer?: (path: string, call: number) => number | 'hang') {
    const started = await startReceiver(answer);
    cleanUps.push(started.close);
    return started;
  }

  async function start(more: Partial<WebhookOptions> = {}) {
    const registry = createRegistry();
    const metrics = createWebhookMetrics(registry);
    const options = {
      bus,
      views: { txt2img: view, completion: view },
      secret: SECRET,
      allowPrivate: true,
      clock: Date.now,
      log,
      metrics,
      random: () => 0,
    };
    const render = async ({ id }: { id: string }) => ({ id });
    const webhooks: Webhooks = await startWebhooks({ ...options, render, timeoutMs: 1_000, ...more });
    cleanUps.push(() => webhooks.stop());
    const counted = async (outcome: string) =>
      (await metrics.calls.get()).values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
    return { webhooks, counted };
  }

  async function publish(event: JobEvent): Promise<void> {
    const producer = await bus.producer(topicOf(event.type, event.kind));
    await producer.send({ key: event.id, value: encodeEvent(event) });
  }

  const job = (webhook_url?: string): RequestedEvent<'txt2img'> =>
    requested({ id: newJobId(Date.now()), ...(webhook_url === undefined ? {} : { webhook_url }) });

  /** Each event in a millisecond of its own, so that the order of the ledger is that of the arguments. */
  async function end<Of extends RequestedEvent>(of: Of, ...events: readonly JobEvent[]): Promise<Of> {
    for (const event of [of, ...events]) {
      await publish(event);
      await sleep(2);
    }
    return of;
  }

  /** Until every event was acknowledged. */
  async function drained(): Promise<void> {
    const topics = (['completed', 'dead', 'cancelled'] as const).map((type) => topicOf(type, 'txt2img'));
    await until(async () => {
      const backlogs = await Promise.all(topics.map((topic) => bus.backlog(topic, 'webhooks')));
      return backlogs.every((backlog) => backlog === 0);
    }, 60_000);
  }

  it('tells of each end once, whatever stands in the topics twice', async () => {
    const { url, heard } = await receiver();
    const [one, two, three, nobody] = [job(`${url}/1`), job(`${url}/2`), job(`${url}/3`), job()];
    await end(nobody, completed(nobody, 1));
    await end(one, completed(one, 1), completed(one, 1), dead(one));
    await end(two, dead(two), cancelled(two));
    await end(three, cancelled(three), completed(three, 1));
    await start();
    await drained();
    const byPath = heard.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    expect(byPath.map(({ path, type, job: id }) => [path, type, id])).toEqual([
      ['/1', 'image.completed', one.id],
      ['/2', 'image.failed', two.id],
      ['/3', 'image.cancelled', three.id],
    ]);
  }, 60_000);

  it('divides the calls among replicas', async () => {
    const { url, heard } = await receiver();
    // a receiver on a busy machine must not seem to hang: a call that is repeated would be counted twice
    await start({ timeoutMs: 30_000 });
    await start({ timeoutMs: 30_000 });
    const jobs = Array.from({ length: 300 }, (_, index) => job(`${url}/${index}`));
    await Promise.all(jobs.map((each) => end(each, completed(each, 1))));
    await until(() => heard.length >= 300, 60_000);
    // what is heard but not yet acknowledged would come again, in the next test
    await drained();
    expect(heard.map(({ job: id }) => id).sort()).toEqual(jobs.map(({ id }) => id).sort());
  }, 90_000);

  it('calls again, under the same id, whoever did not take it the first time', async () => {
    const first: Record<string, number | 'hang'> = { '/fails': 500, '/hangs': 'hang', '/redirects': 302 };
    const { url, heard, calls } = await receiver((path, call) => (call === 1 ? (first[path] ?? 204) : 204));
    const { counted } = await start();
    const jobs = Object.keys(first).map((path) => job(url + path));
    await Promise.all(jobs.map((each) => end(each, completed(each, 1))));
    await until(() => heard.length >= 3, 60_000);
    // the sender counts a call once its answer is there, which is after the receiver heard it
    await drained();
    expect(heard.map(({ id }) => id).sort()).toEqual(jobs.map(({ id }) => `msg_${id}_0_completed`).sort());
    expect(Object.fromEntries(calls)).toEqual({ '/fails': 2, '/hangs': 2, '/redirects': 2 });
    expect([await counted('retried'), await counted('delivered')]).toEqual([3, 3]);
  }, 90_000);

  it('leaves what it was told to stop in the middle of to the next', async () => {
    const { url, heard, calls } = await receiver((_path, call) => (call === 1 ? 'hang' : 204));
    const { webhooks } = await start({ timeoutMs: 60_000 });
    const each = await end(job(`${url}/x`));
    await publish(completed(each, 1));
    await until(() => calls.get('/x') === 1);
    const startedMs = Date.now();
    await webhooks.stop();
    expect(Date.now() - startedMs).toBeLessThan(10_000);
    await start();
    await until(() => heard.length === 1, 60_000);
    expect(heard[0]?.job).toBe(each.id);
  }, 90_000);

  it('calls nothing private unless it is allowed, and gives up what is a day old', async () => {
    const { url, calls } = await receiver();
    const strict = await start({ allowPrivate: false });
    const one = job(`${url}/private`);
    await end(one, completed(one, 1));
    await until(async () => (await strict.counted('abandoned')) === 1);
    await strict.webhooks.stop();
    const late = await start({ clock: () => Date.now() + 25 * 3_600_000 });
    const two = job(`${url}/late`);
    await end(two, completed(two, 1));
    await until(async () => (await late.counted('abandoned')) === 1);
    expect(calls.size).toBe(0);
  }, 60_000);

  it('is not held up by a host that hangs', async () => {
    const [slow, quick] = [await receiver(() => 'hang'), await receiver()];
    await start({ timeoutMs: 20_000 });
    const stuck = Array.from({ length: 200 }, (_, index) => job(`${slow.url}/${index}`));
    await Promise.all(stuck.map((each) => end(each, completed(each, 1))));
    await until(() => slow.calls.size >= 30);
    const startedMs = Date.now();
    const each = job(`${quick.url}/quick`);
    await end(each, completed(each, 1));
    await until(() => quick.heard.length === 1);
    expect(Date.now() - startedMs).toBeLessThan(15_000);
    expect(slow.calls.size).toBeLessThanOrEqual(32);
  }, 90_000);

  it('does not start with a secret that can not sign', async () => {
    await expect(start({ secret: 'whsec_' })).rejects.toMatchObject({ code: 'invalid_configuration' });
  });
});
