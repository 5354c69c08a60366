import { runInNewContext } from 'node:vm';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { serializeError } from './serialize-error.ts';

describe('serializeError', () => {
  it('follows the causes and keeps codes', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = new GenfleetError('bus_unavailable', 'no broker', { cause: refused });
    expect(serializeError(error)).toMatchObject({
      type: 'GenfleetError',
      message: 'no broker',
      code: 'bus_unavailable',
      retryable: true,
      stack: expect.stringContaining('serialize-error.unit.test.ts'),
      cause: { type: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
    });
  });

  it('leaves out what else hangs on an error', () => {
    const error = Object.assign(new Error('no'), { headers: { authorization: 'Bearer secret' } });
    expect(JSON.stringify(serializeError(error))).not.toContain('secret');
  });

  it('ends in a circle of causes', () => {
    const one = new Error('one');
    one.cause = new Error('two', { cause: one });
    const text = JSON.stringify(serializeError(one));
    expect(text.match(/"cause"/g)).toHaveLength(4);
  });

  it('shows some of the errors of an aggregate', () => {
    const many = Array.from({ length: 50 }, (_, index) => new Error(`part ${index}`));
    const { errors } = serializeError(new AggregateError(many, 'all failed'));
    expect(errors?.map((error) => error.message)).toEqual(['part 0', 'part 1', 'part 2', 'part 3', 'part 4']);
  });

  it.each([
    ['text', 'string', 'text'],
    [undefined, 'undefined', 'undefined'],
    [{ a: 1 }, 'object', '{"a":1}'],
    [{ big: 1n }, 'object', '(not readable)'],
  ])('takes %p, which is no error', (thrown, type, message) => {
    expect(serializeError(thrown)).toEqual({ type, message });
  });

  it('knows errors of another realm and those of the web', () => {
    const foreign: unknown = runInNewContext('new TypeError("foreign")');
    expect(serializeError(foreign)).toMatchObject({ type: 'TypeError', message: 'foreign' });
    const late = new DOMException('too late', 'TimeoutError');
    expect(serializeError(late)).toMatchObject({ type: 'TimeoutError', message: 'too late' });
  });

  it('bounds what it writes', () => {
    expect(serializeError(new Error('x'.repeat(100_000))).message).toHaveLength(4_000);
  });
});
