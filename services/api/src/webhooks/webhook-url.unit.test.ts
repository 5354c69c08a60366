import { describe, expect, it } from '@jest/globals';
import { checkWebhookUrl } from './webhook-url.ts';

const strict = { allowPrivate: false };

describe('checkWebhookUrl', () => {
  it.each([
    'https://example.com/hook?x=1',
    'http://example.com:8080/',
    'https://1.1.1.1/',
    'https://[2606:4700::1]/',
  ])('takes %s', (url) => expect(checkWebhookUrl(url, strict)).toBeUndefined());

  it.each([
    ['nonsense', 'is not a URL'],
    ['ftp://example.com/', 'must be http or https'],
    ['file:///etc/passwd', 'must be http or https'],
    ['https://me:secret@example.com/', 'must not hold credentials'],
    ['https://me@example.com/', 'must not hold credentials'],
  ])('refuses %s, allowed or not', (url, fault) => {
    expect(checkWebhookUrl(url, strict)).toBe(fault);
    expect(checkWebhookUrl(url, { allowPrivate: true })).toBe(fault);
  });

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:7f00:1]/',
    'http://[fe80::1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.8:9200/',
    'http://localhost:3000/',
    'http://LOCALHOST./',
    'http://api.localhost/',
    'http://metadata.google.internal/',
    'http://printer.local/',
    'http://0/',
  ])('refuses %s unless it is allowed', (url) => {
    expect(checkWebhookUrl(url, strict)).toBe('must not be a private, loopback or link-local address');
    expect(checkWebhookUrl(url, { allowPrivate: true })).toBeUndefined();
  });
});
