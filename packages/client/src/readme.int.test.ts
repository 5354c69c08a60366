import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

/** The example of README.md, as it stands there, against a server that knows one job. */

// in the package, so that it finds it by its name; not in `src`, which others may be reading
const example = join(import.meta.dirname, `../.readme-${process.pid}.ts`);
const asked: string[] = [];
let isRefusing = false;
const server = createServer(({ method, url, headers }, response) => {
  asked.push(`${method} ${url} ${headers['idempotency-key'] ?? ''}`.trim());
  if (isRefusing) {
    response.writeHead(422, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ detail: 'bad', errors: [{ path: 'p', message: 'is wrong' }] }));
  } else if (method === 'POST') {
    response.writeHead(202, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ message: 'Request is being processed', id: 'a' }));
  } else {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: progress\ndata: {"id":"a","attempt":1,"step":3,"steps":20}\n\n');
    response.end('event: completed\nid: 1\ndata: {"id":"a","image":{"image_url":"/artifacts/a.jpg"}}\n\n');
  }
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const page = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
  // a header takes no ellipsis
  writeFileSync(example, code.replace('http://127.0.0.1:8000', `http://127.0.0.1:${port}`).replace('…', 'x'));
});
afterAll(() => {
  rmSync(example, { force: true });
  server.close();
});

const run = () => promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', example]);

it('follows a job to its end', async () => {
  expect(await run()).toEqual({ stdout: '3 of 20\n/artifacts/a.jpg\n', stderr: '' });
  expect(asked).toEqual(['POST /images/ order-7', 'GET /images/a/events']);
});

it('prints what is wrong with a request', async () => {
  isRefusing = true;
  expect((await run()).stdout).toBe("422 [ { path: 'p', message: 'is wrong' } ]\n");
});
