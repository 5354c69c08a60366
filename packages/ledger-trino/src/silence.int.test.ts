import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WIDE } from '../test/trino-under-test.test.ts';
import { openTrinoLedger } from './index.ts';

/** As behind a network that drops packets. */
describe('a Trino that takes connections and says nothing', () => {
  let server: Server;
  let url = '';
  const sockets = new Set<Socket>();
  beforeEach(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
      socket.resume();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `trino://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('is waited for until the deadline, the signal or the end of the ledger, and no connection is left', async () => {
    const ledger = openTrinoLedger({ url });
    const gone = new AbortController();
    const { signal } = new AbortController();
    const late = ledger.query('select 1', { ...WIDE, timeoutMs: 300, signal });
    const given = ledger.query('select 1', { ...WIDE, signal: gone.signal });
    const open = ledger.query('show tables', { ...WIDE, signal });
    given.catch(() => undefined);
    open.catch(() => undefined);
    await expect(late).rejects.toMatchObject({ code: 'query_timeout' });
    gone.abort();
    await expect(given).rejects.toMatchObject({ code: 'cancelled' });
    await ledger.close();
    await expect(open).rejects.toMatchObject({ code: 'closed' });
    while (sockets.size > 0) await Promise.all([...sockets].map((socket) => once(socket, 'close')));
  });
});
