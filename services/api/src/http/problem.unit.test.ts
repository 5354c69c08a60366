import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { invalid, NOT_FOUND, openAiError, problemBody, problemOf } from './problem.ts';

describe('problemOf', () => {
  it('keeps what went wrong inside to itself', () => {
    expect(problemOf(new Error('connect ECONNREFUSED 10.0.0.7:6650'))).toMatchObject({
      status: 500,
      detail: 'An unexpected error occurred. Please try again later.',
    });
    const down = problemOf(new GenfleetError('bus_unavailable', 'connect ECONNREFUSED 10.0.0.7:6650'));
    expect(down).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(JSON.stringify(down)).not.toContain('10.0.0.7');
  });

  it("takes the status of a client's fault that Express found", () => {
    expect(problemOf(Object.assign(new URIError('%E0'), { status: 400 }))).toMatchObject({
      status: 400,
      detail: 'The path is not valid: a % in it begins no UTF-8 text',
    });
    expect(problemOf(Object.assign(new Error('x'), { status: 200 }))).toMatchObject({ status: 500 });
  });
});

describe('bodies', () => {
  it("gives the seed's 404 to the letter", () => {
    expect(problemBody(NOT_FOUND.txt2img)).toEqual({ detail: 'Image not found' });
  });

  it('gives problem details with every fault', () => {
    const faults = [
      { path: 'a', message: 'required' },
      { path: 'b', message: 'unknown field' },
    ];
    expect(problemBody(invalid(faults))).toEqual({
      type: 'about:blank',
      title: 'Unprocessable Content',
      status: 422,
      detail: 'a: required; b: unknown field',
      errors: faults,
    });
  });

  it.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'invalid_request_error'],
    [429, 'rate_limit_error'],
    [500, 'server_error'],
    [503, 'server_error'],
  ])('calls %i %s, as OpenAI does', (status, type) => {
    expect(openAiError({ status, detail: 'x', code: 'y' })).toMatchObject({
      status,
      body: { error: { type, code: 'y' } },
    });
    expect(problemBody({ status, detail: 'x' })['title']).not.toBe('Error');
  });

  it("gives OpenAI's clients their error object, bad input as 400", () => {
    expect(openAiError(invalid([{ path: 'size', message: 'must be WIDTHxHEIGHT' }]))).toEqual({
      status: 400,
      body: {
        error: {
          message: 'size: must be WIDTHxHEIGHT',
          type: 'invalid_request_error',
          param: 'size',
          code: null,
        },
      },
    });
  });
});
