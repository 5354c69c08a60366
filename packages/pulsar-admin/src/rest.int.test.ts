import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readAddress } from './address.ts';
import { Rest } from './rest.ts';

type Answers = (
  path: string,
  token: string | undefined,
) => { status: number; body?: string; location?: string };

const servers: Server[] = [];

async function serve(answers: Answers): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const token = request.headers.authorization;
    seen.push(`${request.method} ${request.url} ${token ?? 'no token'}`);
    const { status, body = '', location } = answers(request.url ?? '', token);
    response.writeHead(status, location ? { location } : {}).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const restOf = (adminUrl: string) =>
  new Rest(readAddress({ url: 'pulsar://h/t/n', adminUrl, token: 'secret' }));

describe('Rest', () => {
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  it('takes its token along to the broker that it is sent to', async () => {
    const owner = await serve(() => ({ status: 200, body: '{"a":1}' }));
    const other = await serve((path) => ({ status: 307, location: `${owner.url}${path}` }));
    expect(await restOf(other.url).call({ method: 'PUT', path: 'x' })).toEqual({
      status: 200,
      body: { a: 1 },
    });
    expect(owner.seen).toEqual(['PUT /admin/v2/x Bearer secret']);
  });

  it('is not sent round for ever', async () => {
    const lost = await serve((path) => ({ status: 307, location: path }));
    expect((await restOf(lost.url).call({ method: 'GET', path: 'x' })).status).toBe(307);
    expect(lost.seen.length).toBeLessThan(10);
  });

  it.each([
    [401, 'bus_unauthorized'],
    [403, 'bus_unauthorized'],
    [500, 'bus_unavailable'],
    [503, 'bus_unavailable'],
    [429, 'bus_unavailable'],
  ])('takes %i for %s, in the words of the broker, without the token', async (status, code) => {
    const { url } = await serve(() => ({ status, body: '{"reason":"because"}' }));
    const error = await restOf(url)
      .call({ method: 'GET', path: 'x' })
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain('secret');
    if (status !== 401) expect(String(error)).toContain('because');
  });

  it('leaves other answers to its caller', async () => {
    const { url } = await serve(() => ({ status: 404, body: 'not JSON' }));
    expect(await restOf(url).call({ method: 'GET', path: 'x' })).toEqual({ status: 404, body: 'not JSON' });
  });

  it('tries again while a broker starts, and no longer than that', async () => {
    let tries = 0;
    const starting = await serve(() => ({ status: ++tries < 3 ? 503 : 204 }));
    expect(await restOf(starting.url).callPatiently({ method: 'PUT', path: 'x' })).toMatchObject({
      status: 204,
    });
    const down = await serve(() => ({ status: 503 }));
    await expect(restOf(down.url).callPatiently({ method: 'PUT', path: 'x' })).rejects.toMatchObject({
      code: 'bus_unavailable',
    });
    expect(down.seen).toHaveLength(5);
  });

  it('gives up on an answer that does not come', async () => {
    const silent = createServer(() => undefined);
    servers.push(silent);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await expect(
      restOf(`http://127.0.0.1:${port}`).call({ method: 'GET', path: 'x', timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: 'bus_unavailable', message: expect.stringContaining('in time') });
    silent.closeAllConnections();
  });
});
