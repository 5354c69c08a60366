import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBus, openLedger } from '@genfleet/adapters';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { jobHistorySchema, jobListSchema } from '@genfleet/client/contract';
import { readConfig } from '@genfleet/config';
import { type JobEvent, KINDS, newJobId, topicsOf } from '@genfleet/job';
import { openView, type SqlLedger, type View } from '@genfleet/ledger';
import { createLogger } from '@genfleet/telemetry';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type MadeJob, publishMany } from '../test/many-jobs.ts';
import { MemoryArtifacts, type Replica, startReplica } from '../test/rig.ts';

/** Jobs older than the views, over real HTTP: a replica that holds all jobs and one that holds a part tell the same. */

jest.setTimeout(120_000);

const HOUR_MS = 3_600_000;
const log = createLogger({ level: 'silent', service: 'api' });
const directory = mkdtempSync(join(tmpdir(), 'genfleet-past-'));
const config = readConfig({ DATA_DIR: directory });
const lasting: (() => Promise<unknown>)[] = [];
let bus: Bus;
let ledger: SqlLedger;
let jobs: readonly MadeJob[];
let whole: Replica;
let part: Replica;
let partViews: readonly View[];

beforeAll(async () => {
  bus = await openBus(config);
  await bus.ensureTopics(fleetTopics());
  jobs = await publishMany(bus, { times: 6, apartMs: 5 * HOUR_MS, nowMs: Date.now() - 120_000 });
  ledger = await openLedger(config, bus);
  [{ replica: whole }, { replica: part, views: partViews }] = await Promise.all([
    replicaOf({}, undefined),
    replicaOf({ txt2img: 12 * HOUR_MS, completion: 6 * HOUR_MS }, ledger),
  ]);
});
afterAll(async () => {
  for (const close of lasting.reverse()) await close();
  await ledger.close();
  await bus.close();
  rmSync(directory, { recursive: true, force: true });
});

/** An API whose views reach back so far. */
async function replicaOf(windows: { txt2img?: number; completion?: number }, past: SqlLedger | undefined) {
  const viewOf = async (kind: 'txt2img' | 'completion') => {
    const windowMs = windows[kind];
    const window = windowMs === undefined ? {} : { windowMs };
    const view = await openView({ bus, file: ':memory:', kinds: [kind], log, now: Date.now, ...window });
    await view.caughtUp(60_000);
    return view;
  };
  const [view, completionView] = await Promise.all([viewOf('txt2img'), viewOf('completion')]);
  // links are the same, whichever replica makes them
  const settings = { PUBLIC_URL: 'http://genfleet.test' };
  const parts = { bus, view, completionView, artifacts: new MemoryArtifacts() };
  const replica = await startReplica(parts, { settings, ledger: past });
  lasting.push(async () => {
    await replica.api.stop();
    await Promise.all([view.close(), completionView.close()]);
  });
  return { replica, views: [view, completionView] };
}

async function get({ url }: Pick<Replica, 'url'>, path: string) {
  const answer = await fetch(url + path);
  // a place in line is counted in the view, and a view that holds less knows fewer who wait
  const text = (await answer.text()).replaceAll(/"queue":\{[^}]*\}/g, '"queue":null');
  return { status: answer.status, headers: answer.headers, text };
}

/** Every page of a list, by the links that the answers give. */
async function pages(replica: Replica, first: string): Promise<string[]> {
  const texts: string[] = [];
  for (let path: string | undefined = first; path !== undefined; ) {
    const { status, headers, text } = await get(replica, path);
    expect([path, status]).toEqual([path, 200]);
    texts.push(text);
    path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  }
  return texts;
}

/** Where a page ends with the view, only the next one shows whether the ledger has more. */
const filled = (texts: readonly string[]) => texts.filter((text, index) => index === 0 || text !== '[]');
const idsIn = (texts: readonly string[]) =>
  texts.flatMap((text) => (JSON.parse(text) as { id: string }[]).map(({ id }) => id));
const images = () => jobs.filter(({ kind }) => kind === 'txt2img').map(({ id }) => id);

describe('a job older than the view', () => {
  it('is answered to the same bytes, with its events, and cancelled no more', async () => {
    for (const { id, kind } of jobs) {
      const path = kind === 'txt2img' ? `/images/${id}` : `/v1/completions/${id}`;
      const [all, some] = [await get(whole, path), await get(part, path)];
      expect([path, some.status, some.text]).toEqual([path, all.status, all.text]);
    }
    const old = jobs.filter(({ madeMs }) => madeMs < Date.now() - 20 * HOUR_MS);
    expect(old.length).toBeGreaterThan(10);
    expect(partViews.some((view) => old.some(({ id }) => view.job(id)))).toBe(false);
    const [dead, done] = ['dead', 'completed'].map((status) =>
      old.find(({ id }) => whole.view.job(id)?.outcome?.type === status),
    );
    for (const job of [dead, done]) {
      const events = `/images/${job?.id}/events`;
      expect((await get(part, events)).text).toBe((await get(whole, events)).text);
      const refused = await part.client.cancelImage(job?.id ?? '').catch((error: unknown) => error);
      expect(refused).toMatchObject({ status: 409 });
    }
  });

  it('stands in the lists: one order, no gap and none twice, by cursor and by offset', async () => {
    for (const filter of [
      '',
      '&status=completed,dead',
      '&status=queued,running',
      '&grouping=day&model=sd-1.5',
      '&status=cancelled',
      `&from=${at(27)}&to=${at(8)}`,
      `&from=${at(27)}&to=${at(20)}`,
      '&grouping=none',
    ]) {
      const byCursor = await pages(part, `/images/?limit=7${filter}`);
      expect(filled(byCursor)).toEqual(filled(await pages(whole, `/images/?limit=7${filter}`)));
      const byOffset = await pages(part, `/images/?limit=4&offset=0${filter}`);
      expect(idsIn(byOffset)).toEqual(idsIn(byCursor));
    }
    expect(idsIn(await pages(part, '/images/?limit=5'))).toEqual(images());
    const dead = await pages(part, '/dead-letters?limit=2');
    expect(filled(dead)).toEqual(await pages(whole, '/dead-letters?limit=2'));
    expect(idsIn(dead)).toHaveLength(6);
  });

  it('stands among the jobs of both kinds, whose views end at different times', async () => {
    const walk = async (replica: Replica, filter: object, limit: number) => {
      const rows = [];
      let cursor: string | undefined;
      do {
        const page = await replica.client.jobs.list({ ...filter, limit, ...(cursor ? { cursor } : {}) });
        jobListSchema.parse(page);
        rows.push(...page.jobs);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return rows;
    };
    const all = await walk(whole, {}, 100);
    // a completion that was never requested as far as the view knows is none of these
    expect(all.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
    for (const limit of [1, 7]) expect(await walk(part, {}, limit)).toEqual(all);
    for (const filter of [
      { kind: ['completion'] },
      { status: ['dead', 'cancelled'] },
      { model: 'code-7b', from: at(22), to: at(2) },
      { tenant: 'another' },
    ]) {
      expect(await walk(part, filter, 5)).toEqual(await walk(whole, filter, 5));
    }
    expect(all.find(({ status, kind }) => status === 'dead' && kind === 'txt2img')).toMatchObject({
      ...{ tenant: 'default', grouping: 'day', model: 'sdxl', attempt: 2, worker: 'gpu-1' },
      error: { code: 'out_of_memory', message: 'attempt 2 failed' },
    });
  });

  const at = (hoursAgo: number) => new Date(Date.now() - hoursAgo * HOUR_MS).toISOString();
});

describe('GET /jobs/{id}/history', () => {
  it('tells every event in the order of the ledger, as it stands there', async () => {
    for (const { id, kind } of jobs.slice(-9)) {
      const history = jobHistorySchema.parse(await part.client.jobs.history(id));
      const published = await eventsOf(id);
      expect(history).toMatchObject({ id, kind });
      expect(history.events.map(({ topic, message_id, type }) => [topic, message_id, type])).toEqual(
        published.map(({ topic, messageId, event }) => [topic, messageId, event.type]),
      );
      if (kind === 'txt2img') {
        expect(history.events.map(({ event }) => event)).toEqual(published.map(({ event }) => event));
      } else expect(JSON.stringify(history)).not.toMatch(/def f|write a loop/);
    }
  });

  it('is none of a job that nobody knows, or of what is no id', async () => {
    for (const id of [newJobId(Date.now()), newJobId(Date.now() - 30 * HOUR_MS), crypto.randomUUID()]) {
      expect(await part.client.jobs.history(id).catch((error: unknown) => error)).toMatchObject({
        status: 404,
      });
    }
    expect((await get(part, '/jobs/x/history')).status).toBe(422);
    expect((await get(whole, `/jobs/${jobs[0]?.id}/history`)).status).toBe(404);
  });

  /** What the topics hold of a job. */
  async function eventsOf(id: string) {
    const found: { topic: string; messageId: string; timeMs: number; event: JobEvent }[] = [];
    for (const { topic } of KINDS.flatMap(topicsOf)) {
      const signal = new AbortController().signal;
      for await (const { messages, caughtUp } of bus.read(topic, { from: 'earliest', signal })) {
        for (const { messageId, value, key, publishTimeMs } of messages) {
          const event = JSON.parse(value) as JobEvent;
          if (key === id) found.push({ topic: topic.name, messageId, timeMs: publishTimeMs, event });
        }
        if (caughtUp) break;
      }
    }
    const ranks = ['requested', 'started', 'completed', 'dead', 'cancelled'];
    return found.sort(
      (a, b) => a.timeMs - b.timeMs || ranks.indexOf(a.event.type) - ranks.indexOf(b.event.type),
    );
  }
});

describe('bad input', () => {
  it.each([
    ['/images?cursor=abc', 'cursor'],
    ['/images?from=2026-03-02&to=2026-03-01', 'to'],
    ['/images?limit=101', 'limit'],
    ['/jobs?from=yesterday', 'from'],
    ['/jobs?grupping=a', 'grupping'],
    ['/jobs?offset=3', 'offset'],
    ['/jobs?kind=video', 'kind'],
    ['/jobs?limit=0', 'limit'],
    ['/dead-letters?cursor=x', 'cursor'],
    ['/ledger/queries/throughput?since=2026-03-01', 'since'],
    ['/ledger/queries/throughput?job=x', 'job'],
    ['/ledger/queries/job-history', 'job'],
    ['/ledger/queries/job-history?job=x', 'job'],
    ['/ledger/queries/open-jobs?max_rows=0', 'max_rows'],
  ])('%s is refused by its name', async (path, name) => {
    const { status, text } = await get(part, path);
    const { errors } = JSON.parse(text) as { errors?: { path: string }[] };
    expect([status, errors?.map((fault) => fault.path)]).toEqual([422, [name]]);
  });
});

describe('a named query', () => {
  it('is listed, and answered in JSON and in CSV', async () => {
    const queries = await part.client.ledger.queries();
    expect(queries.find(({ name }) => name === 'job-history')?.parameters).toMatchObject([
      { name: 'job', required: true },
    ]);
    const outcomes = await part.client.ledger.ask('outcomes-per-hour', { from: '2026-03-01T13:00:00Z' });
    expect(outcomes.rows).toEqual([
      ['2026-03-01T13:00:00.000Z', 'completion', 6, 6, 0],
      ['2026-03-01T13:00:00.000Z', 'txt2img', 0, 0, 6],
    ]);
    const headers = { accept: 'text/csv' };
    const csv = await fetch(`${part.url}/ledger/queries/cost-per-tenant?max_rows=1`, { headers });
    expect(await csv.text()).toBe(
      'tenant,kind,model,jobs,engine_seconds\r\ndefault,completion,code-7b,12,4.5\r\n',
    );
    expect((await get(part, '/ledger/queries/nothing')).status).toBe(404);
    expect((await get(whole, '/ledger/queries/throughput')).status).toBe(404);
  });
});

describe('readiness', () => {
  it('says how far the views are', async () => {
    const { views } = JSON.parse((await get(part, '/health/ready')).text) as { views: unknown };
    const built = { ready: true, messages_folded: expect.any(Number), share: 1, eta_seconds: 0 };
    expect(views).toEqual({ txt2img: built, completion: built });
  });
});
