import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readJson } from './body.ts';

const LIMIT = 64;

function request(
  chunks: readonly (string | Buffer)[],
  headers: Record<string, string> = {},
): IncomingMessage {
  const stream = new PassThrough();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return Object.assign(stream, {
    headers: { 'content-type': 'application/json', ...headers },
  }) as unknown as IncomingMessage;
}

const statusOf = async (...args: Parameters<typeof request>) => {
  const body = await readJson(request(...args), LIMIT);
  return body.ok ? body.value : body.problem?.status;
};

describe('readJson', () => {
  it('reads a body that comes in pieces', async () => {
    const text = Buffer.from('{"prompt":"ein Vögelchen"}');
    expect(await statusOf([text.subarray(0, 16), text.subarray(16)])).toEqual({ prompt: 'ein Vögelchen' });
  });

  it.each(['{"a":', '', 'nonsense', '{"a":1}}'])('answers 400 to %p', async (text) => {
    expect(await statusOf([text])).toBe(400);
  });

  it('answers 400 to what is not UTF-8', async () => {
    expect(await statusOf([Buffer.from([0x22, 0xff, 0x22])])).toBe(400);
  });

  it('answers 413 to one byte over the limit, and takes the limit itself', async () => {
    expect(await statusOf([`"${'x'.repeat(LIMIT - 2)}"`])).toBe('x'.repeat(LIMIT - 2));
    expect(await statusOf([`"${'x'.repeat(LIMIT - 1)}"`])).toBe(413);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', ''])(
    'answers 415 to type %p',
    async (type) => expect(await statusOf(['{}'], { 'content-type': type })).toBe(415),
  );

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.x+json'])(
    'takes type %p',
    async (type) => expect(await statusOf(['{}'], { 'content-type': type })).toEqual({}),
  );

  it('answers 415 to a compressed body', async () => {
    expect(await statusOf(['{}'], { 'content-encoding': 'gzip' })).toBe(415);
  });

  it('has nobody to answer when the client hung up', async () => {
    const stream = new PassThrough();
    const req = Object.assign(stream, { headers: { 'content-type': 'application/json' } });
    const read = readJson(req as unknown as IncomingMessage, LIMIT);
    stream.write('{"a"');
    stream.destroy();
    expect(await read).toEqual({ ok: false, problem: undefined });
  });
});
