import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryBus, MemoryView } from '../test/memory-fleet.ts';
import { MemoryArtifacts, startReplica } from '../test/rig.ts';

/** Tenants that a proxy names, over real HTTP. */

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(settings: Record<string, unknown> = { TENANT_HEADER: 'X-Tenant' }) {
  const bus = new MemoryBus();
  const view = new MemoryView(bus);
  const replica = await startReplica({ bus, view, artifacts: new MemoryArtifacts() }, { settings });
  closers.push(() => replica.api.stop());
  const call = (tenant: string | undefined, method: string, path: string, more: RequestInit = {}) =>
    fetch(`${replica.url}${path}`, {
      ...more,
      method,
      headers: {
        'content-type': 'application/json',
        ...(tenant === undefined ? {} : { 'x-tenant': tenant }),
        ...(more.headers as Record<string, string> | undefined),
      },
    });
  const create = async (tenant: string | undefined, headers: Record<string, string> = {}) => {
    const body = JSON.stringify({ generation_settings: { prompt: 'A dog' } });
    const answer = await call(tenant, 'POST', '/images/', { body, headers });
    return { status: answer.status, id: ((await answer.json()) as { id: string }).id };
  };
  const list = async (tenant: string | undefined, query = '') =>
    ((await (await call(tenant, 'GET', `/images/${query}`)).json()) as { id: string }[]).map(({ id }) => id);
  return { view, call, create, list };
}

describe('a service whose proxy names tenants', () => {
  it('keeps their jobs apart: to read, to list and to cancel', async () => {
    const { view, call, create, list } = await start();
    const [a, b, nobody] = [await create('team-a'), await create('team-b'), await create(undefined)];
    expect([a, b, nobody].map(({ id }) => view.job(id)?.request?.tenant)).toEqual([
      'team-a',
      'team-b',
      'default',
    ]);
    expect(await list('team-a')).toEqual([a.id]);
    expect(await list('team-b')).toEqual([b.id]);
    expect((await call('team-a', 'GET', `/images/${a.id}/`)).status).toBe(200);
    for (const method of ['GET', 'DELETE']) {
      expect((await call('team-b', method, `/images/${a.id}/`)).status).toBe(404);
    }
    expect((await call('team-b', 'GET', `/images/${a.id}/events`)).status).toBe(404);
    expect((await call('team-b', 'GET', '/images/?tenant=team-a')).status).toBe(403);
  });

  it('takes one Idempotency-Key of two tenants for two', async () => {
    const { create } = await start();
    const key = { 'idempotency-key': 'order-7' };
    const [a, b, again] = [
      await create('team-a', key),
      await create('team-b', key),
      await create('team-a', key),
    ];
    expect(b.id).not.toBe(a.id);
    expect(again.id).toBe(a.id);
  });

  it('shows all to the tenants that OPERATORS names, and to nobody else', async () => {
    const { create, list, call } = await start({ TENANT_HEADER: 'X-Tenant', OPERATORS: ['platform'] });
    const { id } = await create('team-a');
    expect(await list('platform', '?tenant=team-a')).toEqual([id]);
    const refused = await call('team-b', 'POST', '/ledger/query', { body: '{"sql":"select 1"}' });
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
      403,
      'Only operators may do this. You are of tenant team-b, whom OPERATORS does not name.',
    ]);
  });

  it.each(['two words', 'ü'.normalize('NFC'), 'x'.repeat(129)])(
    'refuses %j, and names the header',
    async (name) => {
      const { call } = await start();
      const refused = await call(encodeURIComponent(name), 'GET', '/images/');
      expect(refused.status).toBe(422);
      expect(await refused.json()).toMatchObject({ errors: [{ path: 'X-Tenant' }] });
    },
  );

  it('believes no header that it was not told of', async () => {
    const { view, create } = await start({});
    const { id } = await create('team-a');
    expect(view.job(id)?.request?.tenant).toBe('default');
  });
});
