import type { lookup } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import { guardedLookup, PrivateAddressError } from './guarded-lookup.ts';

const resolving = (...addresses: string[]) =>
  guardedLookup(((_host: string, _options: object, done: (error: null, found: object[]) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as unknown as typeof lookup);

const ask = (look: ReturnType<typeof guardedLookup>, all: boolean, host = 'hook.example') =>
  new Promise((resolve, reject) => {
    look(host, { all }, (error, found) => (error ? reject(error) : resolve(found)));
  });

describe('guardedLookup', () => {
  it('gives the addresses that it checked', async () => {
    expect(await ask(resolving('1.1.1.1', '2606:4700::1'), true)).toEqual([
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
    expect(await ask(resolving('1.1.1.1'), false)).toBe('1.1.1.1');
  });

  it.each([[['127.0.0.1']], [['1.1.1.1', '10.0.0.1']], [['2606:4700::1', '::1']]])(
    'refuses a name for one bad address: %j',
    async (addresses) => {
      await expect(ask(resolving(...addresses), true)).rejects.toBeInstanceOf(PrivateAddressError);
    },
  );

  it('refuses a name without addresses', async () => {
    await expect(ask(resolving(), true)).rejects.toThrow('has no address');
  });

  it('refuses the real localhost', async () => {
    await expect(ask(guardedLookup(), true, 'localhost')).rejects.toBeInstanceOf(PrivateAddressError);
  });
});
