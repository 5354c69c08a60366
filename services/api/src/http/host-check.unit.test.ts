import { describe, expect, it } from '@jest/globals';
import { hostCheck } from './host-check.ts';

describe('hostCheck', () => {
  const loopback = hostCheck('127.0.0.1', undefined);

  it.each(['localhost:8000', 'localhost', '127.0.0.1:8000', '[::1]:8000', 'fleet.localhost:8000', undefined])(
    'lets %p in on loopback',
    (host) => expect(loopback.isAllowedHost(host)).toBe(true),
  );

  it.each(['evil.example:8000', 'localhost.evil.example', '127.0.0.1.evil.example', '192.168.0.7:8000', ''])(
    'keeps %p out on loopback',
    (host) => expect(loopback.isAllowedHost(host)).toBe(false),
  );

  it('lets the public name in, and any name when bound wider', () => {
    expect(hostCheck('127.0.0.1', 'https://images.example.org').isAllowedHost('images.example.org')).toBe(
      true,
    );
    expect(hostCheck('0.0.0.0', undefined).isAllowedHost('whatever:8000')).toBe(true);
  });

  it('refuses origins other than its own', () => {
    expect(loopback.isAllowedOrigin(undefined, 'localhost:8000')).toBe(true);
    expect(loopback.isAllowedOrigin('http://localhost:8000', 'localhost:8000')).toBe(true);
    expect(loopback.isAllowedOrigin('http://localhost:9000', 'localhost:8000')).toBe(false);
    expect(loopback.isAllowedOrigin('https://evil.example', 'localhost:8000')).toBe(false);
    expect(loopback.isAllowedOrigin('null', 'localhost:8000')).toBe(false);
    const published = hostCheck('0.0.0.0', 'https://images.example.org/');
    expect(published.isAllowedOrigin('https://images.example.org', 'api:8000')).toBe(true);
  });
});
