import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { readTrinoAddress } from './address.ts';

describe('readTrinoAddress', () => {
  it('reads every part', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ca-')), 'ca.pem');
    writeFileSync(file, 'PEM');
    const url = `trino://a%20team@one.test:1234/Pulsar/genfleet/images?ssl=true&archive=cold&ca=${encodeURIComponent(file)}`;
    expect(readTrinoAddress({ url, password: 'secret', schemaName: 'other/one' })).toEqual({
      ...{ server: 'https://one.test:1234', user: 'a team', password: 'secret' },
      ...{ catalog: 'pulsar', schema: 'genfleet/images', ca: 'PEM', archiveCatalog: 'cold' },
    });
  });

  it.each([
    ['trino://h', 'http://h:8080', 'a/b'],
    ['trino://h/', 'http://h:8080', 'a/b'],
    ['trino://h:1/pulsar', 'http://h:1', 'a/b'],
    ['trino://h?ssl=true', 'https://h:8443', 'a/b'],
    ['trino://u@[::1]:1/pulsar/c/d/', 'http://[::1]:1', 'c/d'],
  ])('fills in what %s does not say', (url, server, schema) => {
    expect(readTrinoAddress({ url, schemaName: 'a/b' })).toMatchObject({ server, schema, catalog: 'pulsar' });
    expect(readTrinoAddress({ url: 'trino://h' }).schema).toBe('public/default');
  });

  it.each([
    'trino://',
    'trino://user:secret@h',
    'http://h',
    'trino://h/pulsar/only-tenant',
    'trino://h/pulsar/a/b/c',
    'trino://h?sll=true',
    'trino://h?archive=',
    'trino://h?archive=a.b',
    'trino://h/Pulsar?archive=pulsar',
    'trino://h?ssl=true&ca=/no/such/file',
    'trino://user:secret@h:1?ssl=true',
  ])('refuses %s without showing a password', (url) => {
    const thrown = caught(() => readTrinoAddress({ url }));
    expect(thrown.code).toBe('invalid_configuration');
    expect(thrown.message).not.toContain('secret');
  });

  it('sends no password over plain HTTP', () => {
    const thrown = caught(() => readTrinoAddress({ url: 'trino://h', password: 'secret' }));
    expect(thrown).toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/ssl=true/),
    });
    expect(thrown.message).not.toContain('secret');
  });
});

function caught(run: () => unknown): GenfleetError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof GenfleetError) return thrown;
  }
  throw new Error('it was taken');
}
