import { describe, expect, it } from '@jest/globals';
import { serviceNameOf } from './service-name.ts';

describe('serviceNameOf', () => {
  it.each([
    ['/srv/genfleet/services/api/src/main.ts', 'api'],
    ['services/worker/dist/main.js', 'worker'],
    ['/tmp/probe.mjs', 'probe'],
    ['/tmp/tool/main.ts', 'tool'],
    [undefined, 'genfleet'],
    ['', 'genfleet'],
  ])('names %p %s', (entryFile, name) => {
    expect(serviceNameOf(entryFile)).toBe(name);
  });
});
