import { randomBytes } from 'node:crypto';
import type { Credentials } from '@genfleet/auth';
import { describeAuthContract } from '@genfleet/auth/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '@redis/client';
import { provide } from '../../../tools/provision/components.ts';
import { startOwnRedis } from '../../redis-connection/test/own-redis.ts';
import { GitlabStandIn } from '../test/gitlab-stand-in.ts';
import { openGitlabAuthenticator } from './gitlab-authenticator.ts';

const redis = await provide('redis');
const bearer = (token: string): Credentials => ({ form: 'bearer', token });
const newToken = () => `glpat-${randomBytes(15).toString('base64url')}`;
const open = (gitlab: GitlabStandIn, redisUrl: string, warned: string[] = []) =>
  openGitlabAuthenticator({
    apiUrl: gitlab.apiUrl,
    redisUrl,
    now: Date.now,
    warn: (message) => warned.push(message),
  });

if ('missing' in redis) {
  describe('answers in Redis', () => {
    it.skip(`needs Redis: ${redis.missing}`, () => undefined);
  });
} else {
  describeAuthContract('GitLab, answers in Redis', async () => {
    const gitlab = await GitlabStandIn.start();
    const add = (isAllowed: boolean) => {
      const token = newToken();
      gitlab.addUser(token, isAllowed);
      return bearer(token);
    };
    return {
      authenticator: await open(gitlab, redis.url),
      allowed: () => add(true),
      denied: () => add(false),
      unknown: () => bearer(newToken()),
      cutOff: () => gitlab.stop(),
      destroy: () => gitlab.stop(),
    };
  });

  describe('answers in Redis', () => {
    let gitlab: GitlabStandIn;
    beforeAll(async () => {
      gitlab = await GitlabStandIn.start();
    });
    afterAll(() => gitlab.stop());

    it('are shared: two replicas make one call', async () => {
      const token = newToken();
      gitlab.addUser(token, true);
      const before = gitlab.asked.length;
      const [one, other] = [await open(gitlab, redis.url), await open(gitlab, redis.url)];
      const first = await one.check(bearer(token));
      expect(first).toMatchObject({ ok: true });
      expect(await other.check(bearer(token))).toEqual(first);
      expect(gitlab.asked).toHaveLength(before + 1);
      await Promise.all([one.close(), other.close()]);
    });

    it('are not those of another GitLab', async () => {
      const [token, elsewhere] = [newToken(), await GitlabStandIn.start()];
      gitlab.addUser(token, true);
      const [one, other] = [await open(gitlab, redis.url), await open(elsewhere, redis.url)];
      expect(await one.check(bearer(token))).toMatchObject({ ok: true });
      expect(await other.check(bearer(token))).toMatchObject({ ok: false, status: 401 });
      await Promise.all([one.close(), other.close(), elsewhere.stop()]);
    });
  });

  describe('a Redis of its own', () => {
    let own: Awaited<ReturnType<typeof startOwnRedis>>;
    let gitlab: GitlabStandIn;
    beforeAll(async () => {
      own = await startOwnRedis();
      gitlab = await GitlabStandIn.start();
    });
    afterAll(async () => {
      await own.destroy();
      await gitlab.stop();
    });

    it('holds hashes with their time to live, and no part of a token', async () => {
      const tokens = [newToken(), newToken(), newToken()];
      const [yes = '', no = ''] = tokens;
      gitlab.addUser(yes, true);
      gitlab.addUser(no, false);
      const auth = await open(gitlab, own.url);
      for (const token of tokens) {
        await auth.check(bearer(token));
        await auth.check({ form: 'private-token', token });
      }
      await auth.close();
      const client = await createClient({ url: own.url }).connect();
      const kept: string[] = [];
      for (const key of await client.keys('*')) {
        const [value, ttlMs] = [await client.get(key), await client.pTTL(key)];
        kept.push(`${key}=${value}`);
        const longestMs = value === 'refused' ? 60_000 : 3_600_000;
        expect(ttlMs).toBeGreaterThan(longestMs - 30_000);
        expect(ttlMs).toBeLessThanOrEqual(longestMs);
      }
      client.destroy();
      expect(kept).toHaveLength(6);
      expect(kept.map((line) => line.slice(line.indexOf('=') + 1)).sort()).toEqual(
        ['allowed', 'denied', 'refused'].flatMap((answer) => [answer, answer]),
      );
      for (const line of kept) {
        expect(line).toMatch(/^genfleet:auth:[0-9a-f]{16}:(?:bearer|private-token):[0-9a-f]{64}=/);
        for (const token of tokens) expect(line).not.toContain(token.slice(6, 14));
      }
    });

    it('that dies and comes back keeps nobody from working, and is reported once each way', async () => {
      const [known, fresh, later] = [newToken(), newToken(), newToken()];
      for (const token of [known, fresh, later]) gitlab.addUser(token, true);
      const warned: string[] = [];
      const auth = await open(gitlab, own.url, warned);
      expect(await auth.check(bearer(known))).toMatchObject({ ok: true });

      await own.stop();
      const before = gitlab.asked.length;
      const requests = Array.from({ length: 200 }, (_, n) => auth.check(bearer(n % 2 ? known : fresh)));
      for (const verdict of await Promise.all(requests)) expect(verdict).toMatchObject({ ok: true });
      // the one that was not known before, once
      expect(gitlab.asked).toHaveLength(before + 1);
      expect(warned).toHaveLength(1);
      expect(warned[0]).toMatch(/^Redis is away \(.+\); each replica asks GitLab/);

      await own.start();
      while (warned.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(warned).toEqual([warned[0], 'Redis is back']);
      const other = await open(gitlab, own.url);
      await auth.check(bearer(later));
      const asked = gitlab.asked.length;
      expect(await other.check(bearer(later))).toMatchObject({ ok: true });
      expect(gitlab.asked).toHaveLength(asked);
      await Promise.all([auth.close(), other.close()]);
    });

    it('that is away at the start does not keep it from starting', async () => {
      const token = newToken();
      gitlab.addUser(token, true);
      await own.stop();
      const warned: string[] = [];
      const auth = await open(gitlab, own.url, warned);
      expect(await auth.check(bearer(token))).toMatchObject({ ok: true });
      expect(warned).toHaveLength(1);
      await own.start();
      while (warned.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      await auth.close();
    });
  });
}
