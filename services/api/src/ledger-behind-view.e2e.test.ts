import { GenfleetError, newJobId } from '@genfleet/job';
import type { SqlLedger } from '@genfleet/ledger';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryBus, MemoryView } from '../test/memory-fleet.ts';
import { MemoryArtifacts, type Replica, startReplica, until } from '../test/rig.ts';

/** What a replica asks the ledger, and what it answers when the ledger can't, over real HTTP. */

const HOUR_MS = 3_600_000;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function get({ url }: Pick<Replica, 'url'>, path: string) {
  const answer = await fetch(url + path);
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const idsIn = (text: string) => (JSON.parse(text) as { id: string }[]).map(({ id }) => id);

describe('the ledger behind the view', () => {
  /** An API whose view begins now, over a ledger that answers as it is told. */
  async function start(query: SqlLedger['query']) {
    const memory = new MemoryBus();
    const view = new MemoryView(memory);
    view.coversFromMs = Date.now() - HOUR_MS;
    const parts = { bus: memory, view, artifacts: new MemoryArtifacts() };
    const replica = await startReplica(parts, { ledger: { query, close: async () => undefined } });
    closers.push(() => replica.api.stop());
    return replica;
  }
  const nothing = { columns: [], rows: [], truncated: false, elapsedMs: 1 };
  const oldId = () => newJobId(Date.now() - 2 * HOUR_MS);

  it('is asked about what is older than the view, and about nothing else', async () => {
    const asked: string[] = [];
    const replica = await start(async (sql) => {
      asked.push(sql);
      return nothing;
    });
    for (const id of [newJobId(Date.now()), newJobId(Date.now() - 1_000_000), crypto.randomUUID()]) {
      for (const path of [`/images/${id}`, `/v1/completions/${id}`, `/jobs/${id}/history`]) {
        expect([path, (await get(replica, path)).status]).toEqual([path, 404]);
      }
    }
    expect(asked).toEqual([]);
    expect((await get(replica, `/images/${oldId()}`)).status).toBe(404);
    expect(asked).toHaveLength(1);
    // a list that is polled
    for (let n = 0; n < 3; n++) expect((await get(replica, '/images?status=dead')).text).toBe('[]');
    const once = asked.length;
    expect(once).toBeLessThan(4);
    await get(replica, '/images?status=cancelled');
    expect(asked.length).toBeGreaterThan(once);
  });

  it.each(['ledger_failed', 'bus_unavailable', 'query_timeout'] as const)(
    'is 503 when it can not tell: %s',
    async (code) => {
      const replica = await start(() => Promise.reject(new GenfleetError(code, 'at 10.0.0.7')));
      for (const path of [`/images/${oldId()}`, '/images', '/jobs', `/jobs/${oldId()}/history`]) {
        const { status, headers, text } = await get(replica, path);
        expect([path, status, headers.get('retry-after')]).toEqual([path, 503, '5']);
        expect(JSON.parse(text)).toMatchObject({
          detail: expect.stringMatching(/^What is older than the view/),
        });
        expect(text).not.toContain('10.0.0.7');
      }
      // what the view holds is told all the same, and where it goes on
      const { id } = await replica.client.createImage({ generation_settings: { prompt: 'A dog' } });
      for (const path of ['/images?limit=1', '/images?limit=9', '/images?limit=9&offset=0']) {
        const { status, headers, text } = await get(replica, path);
        expect([path, status, idsIn(text)]).toEqual([path, 200, [id]]);
        expect(headers.get('link')).toContain(`cursor=${headers.get('x-next-cursor')}`);
        const next = await get(replica, `/images?cursor=${headers.get('x-next-cursor')}`);
        expect(next.status).toBe(503);
      }
      const { jobs: rows, next } = await replica.client.jobs.list({ kind: ['txt2img'] });
      expect([rows.map((row) => row.id), next === null]).toEqual([[id], false]);
    },
  );

  it('is spared a flood, and what nobody waits for any more', async () => {
    const running = new Set<AbortSignal>();
    let most = 0;
    const replica = await start(
      (_sql, { signal }) =>
        new Promise((_resolve, reject) => {
          running.add(signal);
          most = Math.max(most, running.size);
          signal.addEventListener('abort', () => {
            running.delete(signal);
            reject(new GenfleetError('cancelled', 'gone'));
          });
        }),
    );
    const gone = new AbortController();
    const statuses: number[] = [];
    const flood = Array.from({ length: 40 }, () =>
      fetch(`${replica.url}/images/${oldId()}`, { signal: gone.signal }).then(
        ({ status }) => statuses.push(status),
        () => undefined,
      ),
    );
    // all of one caller
    await until(() => statuses.length === 34);
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect((await get(replica, '/health/')).status).toBe(200);
    gone.abort();
    await Promise.all(flood);
    await until(() => running.size === 0);
    expect(most).toBe(4);
  });
});
