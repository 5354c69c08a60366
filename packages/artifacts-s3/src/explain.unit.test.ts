import { describe, expect, it } from '@jest/globals';
import { explain } from './explain.ts';

const where = { bucket: 'pictures', at: 'http://s3:9000' };

function sdkError(name: string, more: object = {}): Error {
  return Object.assign(new Error(`message of ${name}`), { name, ...more });
}

describe('explain', () => {
  it.each([
    [sdkError('NoSuchBucket'), 'the bucket pictures does not exist'],
    [sdkError('CredentialsProviderError'), 'no credentials were given and none were found'],
    [sdkError('SignatureDoesNotMatch'), 'refused (SignatureDoesNotMatch: message of SignatureDoesNotMatch)'],
    [sdkError('Unknown', { $metadata: { httpStatusCode: 403 } }), 'credentials were refused'],
    [sdkError('XMinioStorageFull', { $metadata: { httpStatusCode: 507 } }), 'the store is full'],
    [sdkError('Error', { code: 'ECONNREFUSED' }), 'nobody answers (ECONNREFUSED)'],
    [sdkError('TimeoutError'), 'no answer in time'],
    [
      sdkError('InternalError', { $metadata: { httpStatusCode: 503 } }),
      'the server failed (503 InternalError)',
    ],
    ['thrown text', 'Error: thrown text'],
  ])('gives the reason of %s, with the cause', (error, reason) => {
    const explained = explain('store a.jpg', error, where, false);
    expect(explained.code).toBe('artifacts_failed');
    expect(explained.message).toContain("can't store a.jpg in bucket pictures at http://s3:9000: ");
    expect(explained.message).toContain(reason);
    expect(explained.cause).toBe(error);
    expect(explained.retryable).toBe(true);
  });

  it('knows a reason that the SDK wrapped', () => {
    const wrapped = new Error('AWS SDK error wrapper for Error: connect ECONNREFUSED 127.0.0.1:9000');
    expect(explain('x', wrapped, where, false).message).toContain('nobody answers (ECONNREFUSED)');
  });

  it('blames our own time limit when it ended the call', () => {
    expect(explain('x', sdkError('Whatever'), where, true).message).toContain('no answer in time');
  });

  it('tells a missing object from a failure', () => {
    expect(explain('read a.jpg', sdkError('NoSuchKey'), where, false).code).toBe('artifact_not_found');
  });
});
