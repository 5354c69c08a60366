import { readStatement } from '@genfleet/ledger';
import { describe, expect, it } from '@jest/globals';
import type { TrinoError } from './connection.ts';
import { faultOf, httpFaultOf } from './faults.ts';

const error = (more: Partial<TrinoError>): TrinoError => ({
  ...{ message: 'line 1:8: it is wrong', errorName: 'SYNTAX_ERROR', errorType: 'USER_ERROR' },
  ...more,
});
const statement = readStatement("select '😀', wrong\nfrom nowhere");

describe('faultOf', () => {
  it('counts as the port does, where Trino counts characters and lines of its own', () => {
    const errorLocation = { lineNumber: 2, columnNumber: 13 };
    expect(faultOf(error({ errorLocation }), statement, 1)).toMatchObject({
      ...{ code: 'invalid_query', message: 'it is wrong', position: { line: 1, column: 14 } },
    });
  });

  it('finds the table that is not there', () => {
    for (const message of [
      "Table 'a/b.nowhere' not found",
      "line 1:1: Table 'pulsar.a/b.nowhere' does not exist",
    ]) {
      expect(faultOf(error({ message }), statement, 0)).toMatchObject({
        ...{ code: 'invalid_query', position: { line: 2, column: 6 } },
        message: expect.stringMatching(/^There is no table nowhere\..*requested_txt2img_generation/),
      });
    }
  });

  it('tells what is of the archive from what the asker wrote', () => {
    const missing = "line 1:99: Table 'archive.a/b.started_txt2img_generation' does not exist";
    expect(faultOf(error({ message: missing }), statement, 2)).toMatchObject({
      ...{ code: 'ledger_failed', retryable: false },
      message: expect.stringMatching(/^Trino can't read the archive: Table .*recorder -- tables/),
    });
    const damaged: Partial<TrinoError> = {
      message: 'Malformed Parquet file s3://b/x.parquet',
      errorName: 'HIVE_CANNOT_OPEN_SPLIT',
      errorType: 'EXTERNAL',
    };
    expect(faultOf(error(damaged), statement, 2)).toMatchObject({
      ...{ code: 'ledger_failed', message: expect.stringMatching(/x\.parquet; .*recorder -- check/) },
    });
  });

  it.each([
    ['EXCEEDED_TIME_LIMIT', 'INSUFFICIENT_RESOURCES', 'query_timeout'],
    ['EXCEEDED_LOCAL_MEMORY_LIMIT', 'INSUFFICIENT_RESOURCES', 'invalid_query'],
    ['ADMINISTRATIVELY_KILLED', 'USER_ERROR', 'ledger_failed'],
    ['GENERIC_INTERNAL_ERROR', 'INTERNAL_ERROR', 'ledger_failed'],
    ['DIVISION_BY_ZERO', 'USER_ERROR', 'invalid_query'],
  ] as const)('takes %s for the asker’s or for Trino’s', (errorName, errorType, code) => {
    expect(faultOf(error({ errorName, errorType }), statement, 0)).toMatchObject({ code });
  });
});

describe('httpFaultOf', () => {
  it.each([
    [{ response: { status: 401 } }, false, /refused the password of me/],
    [{ response: { status: 403 } }, false, /does not let me/],
    [{ response: { status: 404 } }, true, /was restarted/],
    [{ response: { status: 503 } }, true, /status 503/],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, false, /cannot be trusted/],
    [{ code: 'ECONNREFUSED' }, true, /does not answer/],
  ])('tells what %j means, without what was sent', (thrown, retryable, message) => {
    const config = { auth: { password: 'secret' } };
    const fault = httpFaultOf({ message: 'x', config, ...thrown }, 'https://h:1', 'me');
    expect(fault).toMatchObject({
      code: 'ledger_failed',
      retryable,
      message: expect.stringMatching(message),
    });
    expect(fault.cause).toBeUndefined();
  });
});
