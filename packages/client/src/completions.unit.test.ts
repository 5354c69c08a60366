import { describe, expect, it } from '@jest/globals';
import { ApiError } from './api-error.ts';
import { createClient } from './client.ts';

const REQUEST = { model: 'm', prompt: 'def add(a, b):' };

const head = { id: 'j', object: 'text_completion', created: 1, model: 'm' };
const chunk = (text: string) =>
  `data: ${JSON.stringify({ ...head, choices: [{ text, index: 0, logprobs: null, finish_reason: null }] })}\n\n`;
const DONE = 'data: [DONE]\n\n';

/** A client whose one call is answered with this, and what it was asked. */
function answering(answer: () => Response) {
  const calls: { url: string; init: RequestInit }[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    calls.push({ url: String(url), init });
    return answer();
  };
  return { calls, client: createClient({ baseUrl: 'http://api', fetch: fetch as typeof globalThis.fetch }) };
}

const streaming = (text: string) =>
  answering(() => new Response(text, { headers: { 'content-type': 'text/event-stream' } }));

/** What was read, and how the reading ended. */
async function read(client: ReturnType<typeof createClient>) {
  const texts: string[] = [];
  try {
    for await (const { choices } of client.completions.stream(REQUEST)) {
      texts.push(choices.map((choice) => choice.text).join());
    }
    return { texts, error: undefined };
  } catch (error) {
    return { texts, error };
  }
}

describe('completions.stream', () => {
  it('asks for a stream in the session it was given, and gives the chunks until the end', async () => {
    const { calls, client } = streaming(chunk('\n    return') + chunk(' a + b') + DONE);
    const texts: string[] = [];
    for await (const { id, choices } of client.completions.stream(REQUEST, { sessionId: 'tab-1' })) {
      expect(id).toBe('j');
      texts.push(choices[0]?.text ?? '');
    }
    expect(texts).toEqual(['\n    return', ' a + b']);
    expect(calls[0]?.url).toBe('http://api/v1/completions');
    expect(JSON.parse(String(calls[0]?.init.body))).toEqual({ ...REQUEST, stream: true });
    expect(calls[0]?.init.headers).toMatchObject({ 'x-session-id': 'tab-1', accept: 'text/event-stream' });
  });

  it('gives a chunk as soon as it is there', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const { client } = answering(() => new Response(readable));
    const chunks = client.completions.stream(REQUEST)[Symbol.asyncIterator]();
    void writer.write(Buffer.from(chunk('first')));
    expect((await chunks.next()).value).toMatchObject({ choices: [{ text: 'first' }] });
    void writer.write(Buffer.from(DONE));
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
  });

  it('hangs up when the loop is left', async () => {
    const hungUp = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.from(chunk('more'))),
      cancel: () => hungUp.resolve(),
    });
    const { client } = answering(() => new Response(body));
    for await (const _chunk of client.completions.stream(REQUEST)) break;
    await hungUp.promise;
  });

  it("throws a refusal with its status, OpenAI's code and the time to come back", async () => {
    const error = {
      message: 'Too many requests',
      type: 'rate_limit_error',
      param: null,
      code: 'rate_limit_exceeded',
    };
    const { client } = answering(() =>
      Response.json({ error }, { status: 429, headers: { 'retry-after': '7' } }),
    );
    const { error: thrown } = await read(client);
    expect(thrown).toBeInstanceOf(ApiError);
    expect(thrown).toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
      message: 'Too many requests',
      retryAfterSeconds: 7,
    });
  });

  it('names the fault of a refused field by its path', async () => {
    const message = 'is not supported by model m';
    const error = { message, type: 'invalid_request_error', param: 'suffix', code: null };
    const { client } = answering(() => Response.json({ error }, { status: 400 }));
    const { error: thrown } = await read(client);
    expect(thrown).toMatchObject({
      status: 400,
      problem: { detail: message, errors: [{ path: 'suffix', message }] },
    });
  });

  it.each([
    ['server_error', 'stream_broken', 500],
    ['invalid_request_error', 'superseded', 400],
  ])('throws when the stream ends in an error event of type %s', async (type, code, status) => {
    const event = `data: ${JSON.stringify({ error: { message: 'gone', type, param: null, code } })}\n\n`;
    const { texts, error } = await read(streaming(chunk('half') + event).client);
    expect(texts).toEqual(['half']);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status, code, message: 'gone' });
  });

  it('never takes half a text for a whole one', async () => {
    const { texts, error } = await read(streaming(chunk('half')).client);
    expect(texts).toEqual(['half']);
    expect(error).toMatchObject({ code: 'stream_broken' });
  });
});

describe('completions.get and completions.cancel', () => {
  it('read and end one completion', async () => {
    const job = { id: 'a/b', status: 'cancelled' };
    const { calls, client } = answering(() => Response.json(job));
    expect(await client.completions.get('a/b')).toEqual(job);
    expect(await client.completions.cancel('a/b')).toEqual(job);
    expect(calls.map(({ url, init }) => [url, init?.method])).toEqual([
      ['http://api/v1/completions/a%2Fb', undefined],
      ['http://api/v1/completions/a%2Fb', 'DELETE'],
    ]);
  });

  it('give no job where the cancellation is on its way', async () => {
    const { client } = answering(() =>
      Response.json({ message: 'being cancelled', id: 'a' }, { status: 202 }),
    );
    expect(await client.completions.cancel('a')).toBeUndefined();
  });
});

describe('completions.feedback', () => {
  it('says of one completion whether it was taken', async () => {
    const { calls, client } = answering(() => new Response(null, { status: 204 }));
    await client.completions.feedback('j', { accepted: true });
    expect(calls[0]?.url).toBe('http://api/v1/completions/j/feedback');
    expect(calls[0]?.init).toMatchObject({ method: 'POST', body: '{"accepted":true}' });
  });
});
