import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { startOwnRedis } from '../test/own-redis.ts';
import { openRedisConnection, type RedisConnection } from './redis-connection.ts';

const redis = await provide('redis');
const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};

(('missing' in redis ? describe.skip : describe) as typeof describe)(
  `a connection to Redis${'missing' in redis ? ` (${redis.missing})` : ''}`,
  () => {
    const warned: string[] = [];
    let own: Awaited<ReturnType<typeof startOwnRedis>>;
    let connection: RedisConnection;
    beforeAll(async () => {
      own = await startOwnRedis();
      const warn = (message: string) => warned.push(message);
      connection = await openRedisConnection({ url: own.url, meanwhile: 'nothing is kept', warn });
    });
    afterAll(async () => {
      await connection.close();
      await own.destroy();
    });
    const ping = () => connection.run((client) => client.ping());

    it('says what Redis answers', async () => {
      expect(await ping()).toEqual({ ok: true, value: 'PONG' });
    });

    it('has no answer for a command that Redis refuses, says why once, and goes on', async () => {
      const wrong = () => connection.run((client) => client.sendCommand(['GET']));
      expect([await wrong(), await wrong()]).toEqual([{ ok: false }, { ok: false }]);
      expect(await connection.run(() => Promise.reject(new TypeError('mine')))).toEqual({ ok: false });
      expect(warned.splice(0)).toEqual([
        "Redis is away (ERR wrong number of arguments for 'get' command); nothing is kept",
      ]);
      expect(await ping()).toMatchObject({ ok: true });
    });

    it('waits for a Redis that hangs once, not with every command, and is there when it goes on', async () => {
      own.freeze();
      const answers = await Promise.all(Array.from({ length: 100 }, ping));
      expect(new Set(answers.map(({ ok }) => ok))).toEqual(new Set([false]));
      // by now it is known to be away: these have no time to wait in
      const soon = Promise.race([ping(), new Promise((resolve) => setImmediate(() => resolve('waits')))]);
      expect(await soon).toEqual({ ok: false });
      own.thaw();
      await until(async () => (await ping()).ok);
      await until(() => warned.includes('Redis is back'));
      warned.length = 0;
    });

    it('comes back by itself, and reports an outage once however long it takes', async () => {
      await own.stop();
      for (let i = 0; i < 100; i++) {
        expect(await ping()).toEqual({ ok: false });
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await own.start();
      await until(async () => (await ping()).ok);
      expect(warned).toHaveLength(2);
      expect(warned).toEqual([
        expect.stringMatching(/^Redis is away \(.+\); nothing is kept$/),
        'Redis is back',
      ]);
    });

    it('repeats no password', async () => {
      warned.length = 0;
      await connection.run((client) => client.configSet('requirepass', 'correct horse'));
      const url = own.url.replace('//', '//:hunter2@');
      const warn = (message: string) => warned.push(message);
      const refused = await openRedisConnection({ url, meanwhile: 'nothing is kept', warn });
      await refused.run((client) => client.ping());
      await refused.close();
      expect(await refused.run((client) => client.ping())).toEqual({ ok: false });
      expect(warned).toHaveLength(1);
      expect(warned.join()).not.toContain('hunter2');
    });
  },
);
