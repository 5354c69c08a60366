import type { ServerResponse } from 'node:http';
import type { TextEngine, TextSettings, TextTask } from '@genfleet/engine';
import type { ErrorCode } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MockOpenAi, type MockSettings } from '../../../tools/mock-openai/server.ts';
import { type OpenAiEngineOptions, openOpenAiEngine } from './index.ts';

/** Long enough for a busy machine, short enough to wait for. */
const SHORT_MS = 300;
const KEY = 'sk-very-secret';

let mock: MockOpenAi;
let url: string;
const opened: TextEngine[] = [];

async function open(options: Partial<OpenAiEngineOptions> = {}): Promise<TextEngine> {
  const engine = await openOpenAiEngine({ url: `openai+${url}`, ...options });
  opened.push(engine);
  return engine;
}

async function start(settings: Partial<MockSettings> = {}): Promise<void> {
  mock = new MockOpenAi(settings);
  url = await mock.listen();
}

beforeEach(() => start());
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
  await mock.close();
});

/** One text with what came of it. */
async function generate(engine: TextEngine, settings: object = {}, more: Partial<TextTask> = {}) {
  const pieces: string[] = [];
  const result = await engine.generateText({
    id: 'a',
    settings: {
      ...{ model: 'mock', prompt: 'x', temperature: 0, top_p: 1, stop: [], echo: false },
      ...{ presence_penalty: 0, frequency_penalty: 0, ...settings },
    } as TextSettings,
    signal: new AbortController().signal,
    onDelta: ({ text }) => pieces.push(text),
    ...more,
  });
  return { result, pieces };
}

const failure = (code: ErrorCode, retryable: boolean, message: unknown = expect.any(String)) => ({
  ok: false,
  error: { code, retryable, message },
});

/** Sends these events, then ends the answer, or breaks the connection, or leaves it open. */
function events(response: ServerResponse, list: readonly unknown[], then: 'end' | 'break' | 'stay' = 'end') {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const one of list) response.write(`data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`);
  if (then === 'end') response.end();
  if (then === 'break') setTimeout(() => response.destroy(), 20);
  return true;
}

const piece = (text: unknown, finish_reason: string | null = null) => ({
  choices: [{ index: 0, text, finish_reason }],
});
const USAGE = { choices: [], usage: { prompt_tokens: 2, completion_tokens: 1 } };

describe('an upstream that refuses', () => {
  const CONTEXT = { message: 'too long', code: 'context_length_exceeded' };
  it.each<[number, unknown, ErrorCode, boolean, string]>([
    [400, { error: CONTEXT }, 'context_length_exceeded', false, 'too long'],
    [
      400,
      { error: { code: 400, type: 'exceed_context_size_error', message: 'n' } },
      'context_length_exceeded',
      false,
      'n',
    ],
    [
      400,
      { message: "This model's maximum context length is 9", code: 400 },
      'context_length_exceeded',
      false,
      '9',
    ],
    [400, { error: { message: 'top_p: no' } }, 'invalid_settings', false, 'top_p: no'],
    [422, { detail: 'best_of: no' }, 'invalid_settings', false, 'best_of: no'],
    [404, { error: { message: 'no model x' } }, 'model_not_found', false, 'no model x'],
    [402, {}, 'engine_failed', false, '402'],
    [429, { error: 'slow down' }, 'engine_unreachable', true, 'slow down'],
    [503, '<html>', 'engine_unreachable', true, '503 without saying why'],
    [504, '', 'engine_timeout', true, '504'],
    [500, '', 'engine_failed', true, '500'],
    [302, '', 'engine_failed', false, '302'],
  ])('with %i %j gives %s', async (status, body, code, retryable, words) => {
    mock.misbehaviour = (_, response) => {
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
      return true;
    };
    const { result, pieces } = await generate(await open());
    expect(result).toMatchObject(failure(code, retryable, expect.stringContaining(words)));
    expect(pieces).toEqual([]);
  });

  it.each([401, 403])('the key with %i does not show it', async (status) => {
    mock.misbehaviour = (_, response) => {
      response.writeHead(status).end(JSON.stringify({ error: { message: `Incorrect key: ${KEY}` } }));
      return true;
    };
    const { result } = await generate(await open({ apiKey: KEY }));
    expect(result).toMatchObject(failure('engine_failed', false, expect.stringContaining('key')));
    expect(JSON.stringify(result) + String(result.ok || result.error.stack)).not.toContain(KEY);
    expect(mock.headers[0]).toMatchObject({ authorization: `Bearer ${KEY}` });
  });

  it('in words that hold the key does not show it', async () => {
    mock.misbehaviour = (_, response) => {
      response.writeHead(400).end(JSON.stringify({ error: { message: `Bearer ${KEY} has no credit` } }));
      return true;
    };
    const { result } = await generate(await open({ apiKey: KEY }));
    expect(result).toMatchObject(failure('invalid_settings', false, expect.stringContaining('(hidden)')));
  });

  it('at far too great length is not read to the end', async () => {
    mock.misbehaviour = (_, response) => {
      response.writeHead(500);
      const ticker = setInterval(() => response.write('x'.repeat(100_000)), 1);
      response.on('close', () => clearInterval(ticker));
      return true;
    };
    expect((await generate(await open())).result).toMatchObject(failure('engine_failed', true));
  });
});

describe('a stream that is no text', () => {
  it.each<[string, readonly unknown[], 'end' | 'break', string]>([
    ['ends at once', [], 'end', 'broke off'],
    ['ends without a word', [piece('a')], 'end', 'broke off'],
    ['ends without a reason', [piece('a'), USAGE, '[DONE]'], 'end', 'broke off'],
    ['ends without [DONE]', [piece('a'), piece('', 'stop'), USAGE], 'end', 'broke off'],
    ['breaks in the middle', [piece('a')], 'break', 'broke off'],
    ['breaks before [DONE]', [piece('a'), piece('', 'stop'), USAGE], 'break', 'broke off'],
    ['holds rubbish', [piece('a'), '{"choices":[{"te', '[DONE]'], 'end', 'not of its protocol'],
    ['holds something else', [piece('a'), '[1]', '[DONE]'], 'end', 'not of its protocol'],
    ['holds a text that is none', [piece(['a'])], 'end', 'not of its protocol'],
    ['holds another choice', [{ choices: [{ index: 1, text: 'b' }] }], 'end', 'not of its protocol'],
    [
      'says an error in the middle',
      [piece('a'), { error: { message: 'GPU fell off' } }],
      'end',
      'GPU fell off',
    ],
    ['ends for an unknown reason', [piece('a', 'abort'), USAGE, '[DONE]'], 'end', 'abort'],
    ['holds an endless event', [piece('a'), 'x'.repeat(2 ** 20 + 1)], 'end', 'more than 1048576 bytes'],
  ])('%s', async (_, list, then, words) => {
    mock.misbehaviour = (_request, response) => events(response, list, then);
    const { result } = await generate(await open());
    expect(result).toMatchObject(failure('engine_failed', true, expect.stringContaining(words)));
  });

  it('has no end to a line', async () => {
    mock.misbehaviour = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const ticker = setInterval(() => response.write('x'.repeat(100_000)), 1);
      response.on('close', () => clearInterval(ticker));
      return true;
    };
    const { result } = await generate(await open());
    expect(result).toMatchObject(failure('engine_failed', true, expect.stringContaining('more than')));
    await untilNothingRuns();
  });

  it.each([
    ['{"choices":[{"text":"whole"}]}', 'did not answer with a stream'],
    ['{"error":{"message":"no streams here","code":400}}', 'no streams here'],
  ])('is JSON: %s', async (body, words) => {
    mock.misbehaviour = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      return true;
    };
    expect((await generate(await open())).result).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining(words) },
    });
  });

  it('was refused by a filter', async () => {
    mock.misbehaviour = (_, response) => events(response, [piece('a', 'content_filter'), '[DONE]']);
    expect((await generate(await open())).result).toMatchObject(failure('prompt_rejected', false));
  });

  it('has tokens that nobody counted', async () => {
    mock.misbehaviour = (_, response) => events(response, [piece('a', 'stop'), '[DONE]']);
    const { result } = await generate(await open());
    expect(result).toMatchObject(
      failure('invalid_configuration', false, expect.stringContaining('tokenizer')),
    );
  });
});

describe('an upstream that stands still', () => {
  it('before its headers', async () => {
    mock.misbehaviour = () => true;
    const { result } = await generate(await open({ silenceTimeoutMs: SHORT_MS }));
    expect(result).toMatchObject(failure('engine_timeout', true, expect.stringContaining('did not answer')));
    await untilNothingRuns();
  });

  it('in the middle', async () => {
    mock.misbehaviour = (_, response) => events(response, [piece('a')], 'stay');
    const { result, pieces } = await generate(await open({ silenceTimeoutMs: SHORT_MS }));
    expect(result).toMatchObject(failure('engine_timeout', true, expect.stringContaining('fell silent')));
    expect(pieces).toEqual(['a']);
    await untilNothingRuns();
  });

  it('is not there', async () => {
    await mock.close();
    const engine = await open();
    const gone = { code: 'engine_unreachable', retryable: true };
    expect((await generate(engine)).result).toMatchObject({ ok: false, error: gone });
    await expect(engine.health()).rejects.toMatchObject(gone);
    await expect(engine.models()).rejects.toMatchObject(gone);
    await start();
  });

  it('closes kept connections: the next text does not notice', async () => {
    const engine = await open();
    expect((await generate(engine)).result).toMatchObject({ ok: true });
    let lost = 0;
    mock.misbehaviour = (_, response) => {
      lost += 1;
      if (lost === 1) response.socket?.destroy();
      return lost === 1;
    };
    expect((await generate(engine)).result).toMatchObject({ ok: true });
    // once, not for ever
    mock.misbehaviour = (_, response) => {
      lost += 1;
      response.socket?.destroy();
      return true;
    };
    lost = 0;
    expect((await generate(engine)).result).toMatchObject(failure('engine_unreachable', true));
    expect(lost).toBe(2);
  });
});

async function untilNothingRuns(): Promise<void> {
  while (mock.counts.running > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('who hangs up', () => {
  const untilOneStarted = async () => {
    while (mock.counts.started === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  };

  it('leaves nothing running upstream, whenever it is', async () => {
    mock.settings = { ...mock.settings, chunks: 240, delayMs: 1 };
    const engine = await open({ maxConcurrentTexts: 8 });
    await engine.models();
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const abort = new AbortController();
        // on a busy machine all the others may be gone before one of them is sent
        if (index === 0) void untilOneStarted().then(() => abort.abort());
        else setTimeout(() => abort.abort(), index * 3);
        const more = { signal: abort.signal };
        return (await generate(engine, { seed: index }, more)).result;
      }),
    );
    for (const result of results) expect(result).toMatchObject(failure('cancelled', false));
    await untilNothingRuns();
    const { started, finished, aborted } = mock.counts;
    expect({ finished, aborted }).toEqual({ finished: 0, aborted: started });
    expect(started).toBeGreaterThan(0);
    expect((await generate(engine, { max_tokens: 3 })).result).toMatchObject({ ok: true });
  });

  it('gets not one piece more', async () => {
    const abort = new AbortController();
    const pieces: string[] = [];
    const onDelta = ({ text }: { text: string }) => {
      pieces.push(text);
      abort.abort();
    };
    // all pieces come in one packet
    await generate(await open(), {}, { signal: abort.signal, onDelta });
    expect(pieces).toHaveLength(1);
  });

  it('is everybody when the engine is closed', async () => {
    mock.settings = { ...mock.settings, chunks: 240, delayMs: 5 };
    const engine = await open();
    const closing = Promise.withResolvers<void>();
    const running = generate(engine, {}, { onDelta: () => closing.resolve() });
    await closing.promise;
    await engine.close();
    expect((await running).result).toMatchObject({ ok: false, error: { code: 'closed' } });
    expect((await generate(engine)).result).toMatchObject({ ok: false, error: { code: 'closed' } });
    await untilNothingRuns();
    expect(mock.counts).toMatchObject({ aborted: 1, finished: 0 });
  });
});

describe('many texts', () => {
  it('keep to their connections', async () => {
    const engine = await open({ maxConcurrentTexts: 4 });
    await engine.models();
    const texts = Array.from({ length: 50 }, (_, index) => generate(engine, { prompt: `p${index}` }));
    for (const { result } of await Promise.all(texts)) expect(result).toMatchObject({ ok: true });
    // four for texts, one that asked for the models
    expect(mock.connections).toBeLessThanOrEqual(5);
  });

  it('come with the trace of their job', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await generate(await open(), {}, { traceparent });
    expect(mock.headers[0]).toMatchObject({ traceparent });
  });
});

describe('an address that is none', () => {
  it.each(['openai+ftp://x', 'https://x/v1', 'openai+http://me:secret@host/v1', 'openai:', ''])(
    '%s',
    async (wrong) => {
      await expect(openOpenAiEngine({ url: wrong })).rejects.toMatchObject({
        code: 'invalid_configuration',
        message: expect.not.stringContaining('secret'),
      });
    },
  );
});
