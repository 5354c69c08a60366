import { describe, expect, it } from '@jest/globals';
import { credentialsOf } from './credentials.ts';

describe('credentialsOf', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['Bearer   abc  ', 'abc'],
    ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
  ])('reads %j', (authorization, token) => {
    expect(credentialsOf({ authorization })).toEqual({ form: 'bearer', token });
  });

  it.each(['', 'Bearer', 'Bearer ', 'Bearer a b', 'Basic YTpi', 'abc', 'xBearer abc'])(
    'finds nothing in %j',
    (authorization) => {
      expect(credentialsOf({ authorization })).toBeUndefined();
    },
  );

  it('takes PRIVATE-TOKEN before the key that a client had to send', () => {
    const headers = { authorization: 'Bearer dummy', 'private-token': 'glpat-1' };
    expect(credentialsOf(headers)).toEqual({ form: 'private-token', token: 'glpat-1' });
    expect(credentialsOf({ ...headers, 'private-token': '' })).toEqual({ form: 'bearer', token: 'dummy' });
    expect(credentialsOf({})).toBeUndefined();
  });
});
