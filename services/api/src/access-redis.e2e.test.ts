import { afterEach, describe, expect, it } from '@jest/globals';
import { createClient } from '@redis/client';
import { saying } from '../../../packages/auth-gitlab/test/gitlab-stand-in.ts';
import { startOwnRedis } from '../../../packages/redis-connection/test/own-redis.ts';
import { provide } from '../../../tools/provision/components.ts';
import { bearer, newToken, startGuardedApi } from '../test/guarded-api.ts';
import { until } from '../test/rig.ts';

/** Who may call, with answers and counts in a Redis of its own. */

const redis = await provide('redis');
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

(('missing' in redis ? describe.skip : describe) as typeof describe)(
  `with Redis${'missing' in redis ? ` (${redis.missing})` : ''}`,
  () => {
    it('no token, nor a part of one, is logged or kept', async () => {
      const own = await startOwnRedis();
      closers.push(() => own.destroy());
      const { call, yes, no, lines, gitlab } = await startGuardedApi(closers, {
        REDIS_URL: own.url,
        RATE_LIMIT_PER_MINUTE: '3',
      });
      const stranger = newToken();
      const late = newToken();
      for (const token of [yes, no, stranger]) {
        for (const headers of [bearer(token), { 'private-token': token }]) {
          for (let i = 0; i < 5; i++) await call('POST', '/images', headers);
          await call('GET', '/v1/models', headers);
        }
      }
      gitlab.mood = saying(500);
      await call('GET', '/v1/models', bearer(late));
      await call('GET', '/v1/models', { authorization: `Bearer ${late}\u00e9` });

      const client = await createClient({ url: own.url }).connect();
      const kept = await Promise.all(
        (await client.keys('*')).map(async (key) => `${key}=${await client.get(key)}`),
      );
      client.destroy();
      // three answers in two forms, and one count: only who may call is counted
      expect(kept).toHaveLength(7);
      expect(kept.filter((line) => /^genfleet:rate:[0-9a-f]{16}=10$/.test(line))).toHaveLength(1);
      const written = [...kept, ...lines].join('\n');
      expect(lines.length).toBeGreaterThan(0);
      for (const token of [yes, no, stranger, late]) {
        for (let at = 0; at + 8 <= token.length; at++) expect(written).not.toContain(token.slice(at, at + 8));
      }
    });

    it('that dies under load fails no request', async () => {
      const own = await startOwnRedis();
      closers.push(() => own.destroy());
      const { call, yes, lines } = await startGuardedApi(closers, {
        REDIS_URL: own.url,
        RATE_LIMIT_PER_MINUTE: '1000',
      });
      const statuses: number[] = [];
      let isDone = false;
      const load = Promise.all(
        Array.from({ length: 8 }, async () => {
          while (!isDone) statuses.push((await call('POST', '/images', bearer(yes))).status);
        }),
      );
      await until(() => statuses.length > 40);
      await own.stop();
      const after = statuses.length + 40;
      await until(() => statuses.length > after);
      isDone = true;
      await load;
      expect(statuses.filter((status) => status !== 202 && status !== 429)).toEqual([]);
      expect(lines.filter((line) => line.includes('Redis is away'))).toHaveLength(2);
    });
  },
);
