import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { guardedLookup } from './guarded-lookup.ts';
import { type PostOptions, postWebhook } from './post-webhook.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
const receiver = async (handler: Handler) => `http://127.0.0.1:${await listen(createServer(handler))}/hook`;

const toLoopback: LookupFunction = (_host, { all }, done) =>
  all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);

function post(url: string, options: Partial<PostOptions> = {}, timeoutMs = 5_000) {
  const call = {
    url,
    headers: { 'webhook-id': 'msg_1' },
    body: '{"é":1}',
    signal: AbortSignal.timeout(timeoutMs),
  };
  return postWebhook(call, { allowPrivate: true, lookup: guardedLookup(), ...options });
}

describe('postWebhook', () => {
  it('posts body and headers', async () => {
    let seen: unknown;
    const url = await receiver(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method, headers } = request;
      seen = { method, id: headers['webhook-id'], body: Buffer.concat(chunks).toString() };
      response.writeHead(204).end();
    });
    expect(await post(url)).toEqual({ done: true });
    expect(seen).toEqual({ method: 'POST', id: 'msg_1', body: '{"é":1}' });
  });

  it('follows no redirect', async () => {
    let calls = 0;
    const target = await receiver((_request, response) => {
      calls += 1;
      response.end();
    });
    const url = await receiver(
      (_request, response) => void response.writeHead(307, { location: target }).end(),
    );
    expect(await post(url)).toMatchObject({ done: false, again: true, reason: 'the receiver answered 307' });
    expect(calls).toBe(0);
  });

  it('does not read an answer without end', async () => {
    let written = 0;
    const url = await receiver((_request, response) => {
      response.writeHead(200);
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) written += 65_536;
        response.once('drain', pour);
      };
      pour();
    });
    expect(await post(url)).toEqual({ done: true });
    expect(written).toBeLessThan(50_000_000);
  });

  it('ends a call that is not answered', async () => {
    const url = await receiver(() => undefined);
    expect(await post(url, {}, 300)).toMatchObject({ again: true, reason: 'no answer in time' });
  });

  it('tells what may get better from what will not', async () => {
    const answers: [number, Record<string, string>, object][] = [
      [500, {}, { again: true, afterMs: 0, reason: 'the receiver answered 500' }],
      [429, { 'retry-after': '120' }, { again: true, afterMs: 120_000 }],
      [503, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, { again: true, afterMs: 0 }],
      [410, {}, { again: false, reason: 'the receiver answered 410 Gone' }],
    ];
    for (const [status, headers, outcome] of answers) {
      const url = await receiver((_request, response) => void response.writeHead(status, headers).end());
      expect(await post(url)).toMatchObject({ done: false, ...outcome });
    }
    expect(await post('http://127.0.0.1:1/')).toMatchObject({
      again: true,
      reason: expect.stringMatching(/REFUSED/),
    });
    const ca = { lookup: toLoopback, allowPrivate: false };
    expect(await post('http://hook.example:1/', ca)).toMatchObject({ again: true });
  });

  it('calls nothing private: not by address, not by a name that leads there', async () => {
    let calls = 0;
    const url = await receiver((_request, response) => {
      calls += 1;
      response.end();
    });
    const { port } = new URL(url);
    const names = [
      `http://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      `http://[::ffff:7f00:1]:${port}/`,
    ];
    for (const name of names) {
      expect(await post(name, { allowPrivate: false })).toMatchObject({ done: false, again: false });
    }
    const rebound = guardedLookup(((_host: string, _options: object, done: (e: null, f: object[]) => void) =>
      done(null, [
        { address: '1.1.1.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ])) as never);
    expect(await post(`http://hook.example:${port}/`, { allowPrivate: false, lookup: rebound })).toEqual({
      done: false,
      again: false,
      reason: 'hook.example leads to 127.0.0.1, which is not a public address',
    });
    expect(calls).toBe(0);
  });

  it('connects to the address that was checked, under the name that was given', async () => {
    let host: string | undefined;
    const port = await listen(
      createServer((request, response) => {
        host = request.headers.host;
        response.end();
      }),
    );
    const outcome = await post(`http://hook.example:${port}/`, { allowPrivate: false, lookup: toLoopback });
    expect(outcome).toEqual({ done: true });
    expect(host).toBe(`hook.example:${port}`);
  });

  it('trusts only certificates for the name it calls', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'genfleet-tls-'));
    const file = (name: string) => join(folder, name);
    const subject = ['-subj', '/CN=hook.example', '-addext', 'subjectAltName=DNS:hook.example'];
    const output = ['-keyout', file('key'), '-out', file('cert'), '-days', '2', '-nodes'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...output, ...subject], {
      stdio: 'ignore',
    });
    const [key, cert] = [readFileSync(file('key')), readFileSync(file('cert'), 'utf8')];
    rmSync(folder, { recursive: true });
    const port = await listen(createTlsServer({ key, cert }, (_request, response) => void response.end()));
    const options = { allowPrivate: false, lookup: toLoopback };
    expect(await post(`https://hook.example:${port}/`, { ...options, ca: cert })).toEqual({ done: true });
    const untrusted = await post(`https://hook.example:${port}/`, options);
    expect(untrusted).toMatchObject({ again: true, reason: expect.stringMatching(/self-signed/) });
    const otherName = await post(`https://other.example:${port}/`, { ...options, ca: cert });
    expect(otherName).toMatchObject({ again: true, reason: expect.stringMatching(/altnames/) });
  });
});
