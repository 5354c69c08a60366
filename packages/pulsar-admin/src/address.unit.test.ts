import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { readAddress } from './address.ts';

describe('readAddress', () => {
  it('reads every part', () => {
    const url =
      'pulsar+ssl://one.test:6651,two.test/a-team/images?token=t.o-k&adminUrl=https%3A%2F%2Fa.test%3A1%2F';
    expect(readAddress({ url, token: 'other', adminUrl: 'http://other', sendTimeoutMs: 5 })).toEqual({
      scheme: 'pulsar+ssl',
      hosts: 'one.test:6651,two.test:6651',
      tenant: 'a-team',
      namespace: 'images',
      token: 't.o-k',
      adminUrl: 'https://a.test:1',
      sendTimeoutMs: 5,
    });
  });

  it.each([
    ['pulsar://h/t/n', 'h:6650', 'http://h:8080'],
    ['pulsar+ssl://h/t/n', 'h:6651', 'https://h:8443'],
    ['pulsar+ws://h/t/n', 'h:8080', 'http://h:8080'],
    ['pulsar+wss://h:1/t/n', 'h:1', 'https://h:1'],
    ['pulsar://[::1]:6650/t/n', '[::1]:6650', 'http://[::1]:8080'],
  ])('finds the admin API of %s', (url, hosts, adminUrl) => {
    expect(readAddress({ url })).toMatchObject({
      hosts,
      adminUrl,
      tenant: 't',
      namespace: 'n',
      token: undefined,
    });
  });

  it('takes the namespace that every Pulsar has when none is named', () => {
    expect(readAddress({ url: 'pulsar://h:1' })).toMatchObject({ tenant: 'public', namespace: 'default' });
    expect(readAddress({ url: 'pulsar://h:1/' })).toMatchObject({ tenant: 'public', namespace: 'default' });
  });

  it.each([
    'pulsar://',
    'http://h/t/n',
    'pulsar://h/only-tenant?token=secret',
    'pulsar://h/t/n/more?token=secret',
    'pulsar://h/t/a b?token=secret',
    'pulsar://h/t/n?adminUrl=nowhere&token=secret',
  ])('refuses %s without showing a token', (url) => {
    let error: unknown;
    try {
      readAddress({ url });
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof GenfleetError)) throw new Error('it was taken');
    expect(error.code).toBe('invalid_configuration');
    expect(error.message).not.toContain('secret');
  });
});
