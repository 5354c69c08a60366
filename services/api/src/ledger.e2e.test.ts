import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBus, openLedger } from '@genfleet/adapters';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { ledgerAnswerSchema } from '@genfleet/client/contract';
import { readConfig } from '@genfleet/config';
import { encodeEvent, GenfleetError } from '@genfleet/job';
import type { SqlLedger } from '@genfleet/ledger';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryBus, MemoryView } from '../test/memory-fleet.ts';
import { MemoryArtifacts, startReplica, until } from '../test/rig.ts';

/** `POST /ledger/query` over real HTTP, from a real bus through DuckDB. */

const directory = mkdtempSync(join(tmpdir(), 'genfleet-api-'));
const config = readConfig({ DATA_DIR: directory });
const closers: (() => Promise<unknown>)[] = [];
let bus: Bus;
let ledger: SqlLedger;

beforeAll(async () => {
  bus = await openBus(config);
  await bus.ensureTopics(fleetTopics());
  for (const { topic, event } of FIXED_LEDGER) {
    await (await bus.producer(topic)).send({ key: event.id, value: encodeEvent(event) });
  }
  ledger = await openLedger(config, bus);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  await ledger.close();
  await bus.close();
  rmSync(directory, { recursive: true, force: true });
});

/** An API in front of this ledger. */
async function start(answering: SqlLedger | undefined = ledger) {
  const memory = new MemoryBus();
  const parts = { bus: memory, view: new MemoryView(memory), artifacts: new MemoryArtifacts() };
  const { api, url } = await startReplica(parts, { ledger: answering });
  closers.push(() => api.stop());
  return (body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(`${url}/ledger/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
}

const ENDLESS = 'select count(*) from range(1000000000000) as r(x) where sin(x) > 2';

describe('POST /ledger/query', () => {
  it('answers with rows and types', async () => {
    const query = await start();
    const answer = await query({
      sql: 'select tenant, count(*) as jobs from completed_txt2img_generation group by tenant order by 1',
    });
    expect(answer.status).toBe(200);
    expect(ledgerAnswerSchema.parse(await answer.json())).toMatchObject({
      columns: [
        { name: 'tenant', type: 'varchar' },
        { name: 'jobs', type: 'bigint' },
      ],
      rows: [
        ['team-a', 2],
        ['team-b', 1],
      ],
      truncated: false,
    });
  });

  it('answers with CSV to who accepts that', async () => {
    const query = await start();
    const sql = `select 'a "b", c' as "x,y", null as n, metadata from requested_txt2img_generation
      where attempt = 1 order by id limit 1`;
    const answer = await query({ sql }, { accept: 'text/csv' });
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.headers.get('x-truncated')).toBe('false');
    const metadata = '"{""grouping"":""night \\\\""watch\\\\"""",""user"":""user of a""}"'.replaceAll(
      '\\\\',
      '\\',
    );
    expect(await answer.text()).toBe(`"x,y",n,metadata\r\n"a ""b"", c",,${metadata}\r\n`);
  });

  it('writes many rows whole, and no more than asked for', async () => {
    const query = await start();
    const sql = "select x, repeat('y', 100) as y from range(20000) as r(x) order by x";
    const body = ledgerAnswerSchema.parse(await (await query({ sql, max_rows: 100_000 })).json());
    expect(body.rows).toHaveLength(20_000);
    expect(body.rows.at(-1)?.[0]).toBe(19_999);
    const some = await query({ sql, max_rows: 3 }, { accept: 'text/csv' });
    expect(some.headers.get('x-truncated')).toBe('true');
    expect((await some.text()).split('\r\n')).toHaveLength(5);
  });

  it('names a mistake and its place', async () => {
    const query = await start();
    const answer = await query({ sql: 'select tenant,\n  modle from completed_txt2img_generation' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([422, 'application/problem+json']);
    expect(await answer.json()).toMatchObject({
      detail: expect.stringMatching(/^line 2, column 3: .*modle/),
      errors: [{ path: 'sql', line: 2, column: 3, message: expect.stringMatching(/modle/) }],
    });
    for (const [sql, said] of [
      ['select * from nowhere', /no table nowhere.*completed_txt2img_generation/],
      ['drop table completed_txt2img_generation', /read-only/],
      ['select 1; select 2', /One query at a time/],
    ] as const) {
      const refused = await query({ sql });
      expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
        422,
        expect.stringMatching(said),
      ]);
    }
  });

  it('refuses what is no question', async () => {
    const query = await start();
    const answer = await query({ query: 'select 1', max_rows: 0 });
    expect(answer.status).toBe(422);
    const { errors } = (await answer.json()) as { errors: { path: string }[] };
    expect(errors.map(({ path }) => path).sort()).toEqual(['max_rows', 'query', 'sql']);
    expect((await query({ sql: 'select 1' }, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await query({ sql: 'x'.repeat(70_000) })).status).toBe(413);
  });

  it('ends what takes too long, and what nobody waits for', async () => {
    const ended: string[] = [];
    const query = await start({
      query: (sql, options) =>
        ledger.query(sql, options).catch((error: GenfleetError) => {
          ended.push(error.code);
          throw error;
        }),
      close: async () => undefined,
    });
    const late = await query({ sql: ENDLESS, timeout_seconds: 0.3 });
    expect([late.status, await late.json()]).toEqual([504, expect.objectContaining({ status: 504 })]);
    const gone = new AbortController();
    const asked = query({ sql: ENDLESS }, {}, gone.signal).catch(() => 'gone');
    setTimeout(() => gone.abort(), 300);
    expect(await asked).toBe('gone');
    await until(() => ended.length === 2);
    expect(ended).toEqual(['query_timeout', 'cancelled']);
    expect((await query({ sql: 'select 1' })).status).toBe(200);
  });

  it.each(['ledger_failed', 'bus_unavailable'] as const)(
    'answers 503 when what it needs is away: %s',
    async (code) => {
      const query = await start({
        query: () => Promise.reject(new GenfleetError(code, 'connect ECONNREFUSED 10.0.0.7')),
        close: async () => undefined,
      });
      const answer = await query({ sql: 'select 1' });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.text()).not.toContain('10.0.0.7');
    },
  );

  it('is not there when it is turned off', async () => {
    const memory = new MemoryBus();
    const parts = { bus: memory, view: new MemoryView(memory), artifacts: new MemoryArtifacts() };
    const { api, url } = await startReplica(parts);
    closers.push(() => api.stop());
    const answer = await fetch(`${url}/ledger/query`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(404);
    expect((await fetch(`${url}/ledger/query`)).status).toBe(405);
  });
});
