import { lookup as resolveName } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** A name led to an address that webhooks may not be sent to. */
export class PrivateAddressError extends Error {
  constructor(host: string, address: string) {
    super(`${host} leads to ${address}, which is not a public address`);
    this.name = 'PrivateAddressError';
  }
}

/**
 * Resolves a name for a socket and refuses it if any of its addresses is not public. The socket connects to the
 * very addresses that were checked, so a name can't lead elsewhere a moment later (DNS rebinding).
 */
export function guardedLookup(resolve: typeof resolveName = resolveName): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const refused = addresses.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses;
      if (refused) return callback(new PrivateAddressError(host, refused.address), '');
      if (!first) return callback(new Error(`${host} has no address`), '');
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}
