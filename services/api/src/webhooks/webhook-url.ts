import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

const PRIVATE_NAME = /^localhost$|\.(localhost|local|internal|lan|home\.arpa)$/;

/** The host without brackets and final dot, as DNS and the socket see it. */
function hostOf(url: URL): string {
  return url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

/**
 * What is wrong with a webhook's address as far as its text tells, for a 422; undefined when nothing is. Where
 * its name leads is checked at every call.
 */
export function checkWebhookUrl(
  text: string,
  options: { readonly allowPrivate: boolean },
): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be http or https';
  if (url.username !== '' || url.password !== '') return 'must not hold credentials';
  if (options.allowPrivate) return undefined;
  const host = hostOf(url);
  const isPrivate = isIP(host) === 0 ? PRIVATE_NAME.test(host) : !isPublicAddress(host);
  return isPrivate ? 'must not be a private, loopback or link-local address' : undefined;
}
