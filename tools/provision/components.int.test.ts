import { describe, expect, it } from '@jest/globals';
import { provide } from './components.ts';

const COMPONENTS = [
  'pulsar',
  's3',
  'otelcol',
  'toxiproxy',
  'redis',
  'llama',
  'triton',
  'trino',
  'trino-476',
] as const;
const MINUTES_MS = 20 * 60_000;

describe('provide', () => {
  it.each(COMPONENTS)(
    'gives %s, the same to whoever asks, or says why not',
    async (name) => {
      const [one, other] = await Promise.all([provide(name), provide(name)]);
      expect(other).toEqual(one);
      if ('missing' in one) expect(one.missing).not.toBe('');
      else for (const value of Object.values(one)) expect(value).not.toBe('');
    },
    MINUTES_MS,
  );
});
