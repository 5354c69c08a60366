import { connect, createServer, type Socket } from 'node:net';
import type { TextEngine } from '@genfleet/engine';
import type { ErrorCode } from '@genfleet/job';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, FakeTriton, saying } from '../test/fake-triton.ts';
import { generate, spec } from '../test/specs.ts';
import { faultOf } from './faults.ts';
import { openTritonEngine } from './index.ts';

const SECOND_MS = 1_000;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let triton: FakeTriton;
let url: string;
const opened: TextEngine[] = [];

beforeEach(async () => {
  triton = new FakeTriton();
  url = await triton.listen();
});
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
  triton.close();
});

async function open(more: Partial<Parameters<typeof openTritonEngine>[0]> = {}): Promise<TextEngine> {
  const engine = await openTritonEngine({ url, models: [spec('m', { layout: 'text' })], ...more });
  opened.push(engine);
  return engine;
}

const fault = (code: ErrorCode, retryable: boolean, text = '') => ({
  ok: false,
  error: { code, retryable, message: expect.stringContaining(text) },
});

describe('the statuses of gRPC', () => {
  it.each<[keyof typeof status, ErrorCode, boolean]>([
    ['INVALID_ARGUMENT', 'invalid_settings', false],
    ['OUT_OF_RANGE', 'invalid_settings', false],
    ['NOT_FOUND', 'model_not_found', false],
    ['UNAVAILABLE', 'engine_unreachable', true],
    ['DEADLINE_EXCEEDED', 'engine_timeout', true],
    ['RESOURCE_EXHAUSTED', 'out_of_memory', true],
    ['UNIMPLEMENTED', 'engine_failed', false],
    ['UNAUTHENTICATED', 'engine_failed', false],
    ['PERMISSION_DENIED', 'engine_failed', false],
    ['INTERNAL', 'engine_failed', true],
    ['ABORTED', 'engine_failed', true],
    ['CANCELLED', 'engine_failed', true],
  ])('%s becomes %s', async (name, code, retryable) => {
    triton.onStream = (call) => call.emit('error', { code: status[name], details: 'why' });
    const streamed = await generate(await open(), 'm');
    expect(streamed.result).toMatchObject(fault(code, retryable, 'why'));
    triton.isDecoupled = false;
    triton.onInfer = (_, answer) => answer({ code: status[name], details: 'why' });
    const alone = await generate(await open(), 'm', {}, { traceparent: TRACEPARENT });
    expect(triton.requests.at(-1)?.metadata.get('traceparent')).toEqual([TRACEPARENT]);
    expect(alone.result).toMatchObject(fault(code, retryable, 'why'));
  });

  it('leave alone what is no status', () => {
    expect(faultOf(new Error('other'))).toMatchObject({ code: 'engine_failed', message: 'other' });
  });

  it('of a message that is too long are no reason to send it again', async () => {
    triton.onStream = (call) => call.write({ infer_response: saying('x'.repeat(9 * 2 ** 20)) });
    const { result } = await generate(await open(), 'm');
    expect(result).toMatchObject(fault('engine_failed', false, 'larger than max'));
  });
});

describe('a stream', () => {
  it('gives its pieces as they come, and has the trace and the errors’ codes with it', async () => {
    triton.onStream = (call) => {
      call.write({ infer_response: saying('one ') });
      call.write({ infer_response: saying('two', true) });
      call.end();
    };
    const { deltas } = await generate(await open(), 'm', {}, { traceparent: TRACEPARENT, id: 'job-7' });
    expect(deltas).toEqual([{ text: 'one ' }, { text: 'two' }]);
    const [sent] = triton.requests;
    expect(sent?.request).toMatchObject({ model_name: 'm', id: 'job-7' });
    expect(sent?.metadata.get('traceparent')).toEqual([TRACEPARENT]);
    expect(sent?.metadata.get('triton_grpc_error')).toEqual(['true']);
  });

  it('that ends without its last answer is not taken for a whole text', async () => {
    triton.onStream = (call) => {
      call.write({ infer_response: saying('one ') });
      call.end();
    };
    expect((await generate(await open(), 'm')).result).toMatchObject(
      fault('engine_failed', true, 'broke off'),
    );
  });

  it.each<[string, string, ErrorCode]>([
    ['of a model that there is not', "Request for unknown model: 'm' is not found", 'model_not_found'],
    ['of any other kind', 'something', 'engine_failed'],
  ])('carries an error %s as a text', async (_, error_message, code) => {
    triton.onStream = (call) => {
      call.write({ error_message });
      call.end();
    };
    expect((await generate(await open(), 'm')).result).toMatchObject({ ok: false, error: { code } });
  });

  it.each<[string, Answer]>([
    ['a text that is cut off', { ...saying('x'), raw_output_contents: [Buffer.from([9, 0, 0, 0, 65])] }],
    ['a tensor without contents', { ...saying('x'), raw_output_contents: [] }],
    [
      'numbers that are none',
      {
        outputs: [...saying('x').outputs, { name: 'num_output_tokens', datatype: 'UINT32', shape: [1] }],
        raw_output_contents: [...saying('x').raw_output_contents, Buffer.from([1, 2, 3])],
      },
    ],
  ])('of %s fails', async (_, infer_response) => {
    triton.onStream = (call) => call.write({ infer_response });
    expect((await generate(await open(), 'm')).result).toMatchObject({
      ok: false,
      error: { code: 'engine_failed' },
    });
  });

  it('that stands still is cut off, and the other side sees it', async () => {
    const cancelled = Promise.withResolvers<void>();
    triton.onStream = (call) => {
      call.on('cancelled', cancelled.resolve);
      call.write({ infer_response: saying('one ') });
    };
    const { result } = await generate(await open({ textTimeoutMs: 200 }), 'm');
    expect(result).toMatchObject(fault('engine_timeout', true));
    await cancelled.promise;
  });
});

describe('an engine that is closed', () => {
  it('ends what it is at, and takes nothing any more', async () => {
    const begun = Promise.withResolvers<void>();
    triton.onStream = () => begun.resolve();
    const engine = await open();
    const running = generate(engine, 'm');
    await begun.promise;
    await engine.close();
    expect((await running).result).toMatchObject(fault('closed', false));
    expect((await generate(engine, 'm')).result).toMatchObject(fault('closed', false));
  });
});

describe('more texts than there are places', () => {
  it('wait for one, in their order, and too many are refused', async () => {
    const finish: (() => void)[] = [];
    triton.onStream = (call) =>
      finish.push(() => {
        call.write({ infer_response: saying('x', true) });
        call.end();
      });
    const engine = await open({ maxConcurrentTexts: 1 });
    const abort = new AbortController();
    const first = generate(engine, 'm');
    const second = generate(engine, 'm');
    const given = generate(engine, 'm', {}, { signal: abort.signal });
    const rest = [generate(engine, 'm'), generate(engine, 'm')];
    expect((await generate(engine, 'm')).result).toMatchObject(fault('queue_full', true));
    abort.abort();
    expect((await given).result).toMatchObject(fault('cancelled', false));
    for (const text of [first, second, ...rest]) {
      while (finish.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(finish).toHaveLength(1);
      finish.pop()?.();
      expect((await text).result).toMatchObject({ ok: true });
    }
  });
});

describe('a connection that died without a word', () => {
  it('is replaced once a question about health was not answered', async () => {
    const proxy = await frozenAfter(url);
    const engine = await open({ url: proxy.url, answerTimeoutMs: 400 });
    await engine.health();
    proxy.freeze();
    await expect(engine.health()).rejects.toMatchObject({ code: 'engine_unreachable' });
    await engine.health();
    proxy.close();
  });
});

describe('something that takes connections and never answers', () => {
  it('keeps nobody who has had enough, and is unreachable in time', async () => {
    const sockets = new Set<{ destroy(): void }>();
    const server = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const engine = await open({ url: `triton://127.0.0.1:${port}`, answerTimeoutMs: 500 });
    const abort = new AbortController();
    const startMs = performance.now();
    const text = generate(engine, 'm', {}, { signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    expect((await text).result).toMatchObject(fault('cancelled', false));
    expect(performance.now() - startMs).toBeLessThan(SECOND_MS);
    await expect(engine.health()).rejects.toMatchObject({ code: 'engine_unreachable' });
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

/** Passes connections on; after `freeze` those there are stay open, and nothing goes through them any more. */
async function frozenAfter(target: string) {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(Number(new URL(target).port), '127.0.0.1');
    pairs.add([near, far]);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `triton://127.0.0.1:${(server.address() as { port: number }).port}`,
    freeze() {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
      }
    },
    close() {
      for (const socket of [...pairs].flat()) socket.destroy();
      server.close();
    },
  };
}
