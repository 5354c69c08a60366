import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Authenticator, Credentials, Verdict } from './authenticator.ts';
import type { RateLimiter } from './rate-limiter.ts';

export interface AuthSubject {
  readonly authenticator: Authenticator;
  /** A new token that lets its owner pass. */
  allowed(): Credentials;
  /** A new token of somebody who is known and may not call. */
  denied(): Credentials;
  /** A token that nobody gave out. */
  unknown(): Credentials;
  /** Takes away whoever decides. */
  cutOff(): Promise<void>;
  /** Ends what belongs to the subject; the authenticator was closed before. */
  destroy(): Promise<void>;
}

const AT_ONCE = 50;
const NOT_TOKENS = ['', ' ', 'two words', 'line\nbreak', 'nul\0', 'tökén', '\u{1f511}', 'x'.repeat(100_000)];

/** The law of the Authenticator port. */
export function describeAuthContract(name: string, create: () => Promise<AuthSubject>): void {
  describe(`auth contract: ${name}`, () => {
    const opened: AuthSubject[] = [];
    const open = async () => {
      const subject = await create();
      opened.push(subject);
      return subject;
    };
    afterEach(async () => {
      for (const { authenticator, destroy } of opened.splice(0)) {
        await authenticator.close();
        await destroy();
      }
    });

    it('gives a caller one name, which is not the token', async () => {
      const { authenticator, allowed } = await open();
      const [one, other] = [allowed(), allowed()];
      const [first, again, second] = [
        await authenticator.check(one),
        await authenticator.check(one),
        await authenticator.check(other),
      ];
      expect(again).toEqual(first);
      expect([nameIn(first).tenant, nameIn(second).tenant]).toEqual(['default', 'default']);
      expect(nameIn(second).id).not.toBe(nameIn(first).id);
      expect(nameIn(first).id).toMatch(/^[0-9a-f]{16}$/);
      expect(one.token).not.toContain(nameIn(first).id);
    });

    it('says the same to many requests at once', async () => {
      const { authenticator, allowed, denied } = await open();
      for (const credentials of [allowed(), denied()]) {
        const verdicts = await Promise.all(
          Array.from({ length: AT_ONCE }, () => authenticator.check(credentials)),
        );
        for (const verdict of verdicts) expect(verdict).toEqual(verdicts[0]);
      }
    });

    it('tells who is unknown from who may not', async () => {
      const { authenticator, denied, unknown } = await open();
      const stranger = unknown();
      expect(await authenticator.check(stranger)).toMatchObject({
        ok: false,
        status: 401,
        code: 'invalid_api_key',
      });
      expect(JSON.stringify(await authenticator.check(stranger))).not.toContain(stranger.token);
      expect(await authenticator.check(denied())).toMatchObject({
        ok: false,
        status: 403,
        code: 'permission_denied',
      });
    });

    it('answers 401 to who shows nothing, or what can be no token', async () => {
      const { authenticator } = await open();
      const refused = { ok: false, status: 401, code: 'invalid_api_key' };
      expect(await authenticator.check(undefined)).toMatchObject(refused);
      for (const form of ['bearer', 'private-token'] as const) {
        for (const token of NOT_TOKENS) {
          expect(await authenticator.check({ form, token })).toMatchObject(refused);
        }
      }
    });

    it('lets nobody pass whom it could not ask about', async () => {
      const { authenticator, allowed, cutOff } = await open();
      await cutOff();
      const verdict = await authenticator.check(allowed());
      expect(verdict).toMatchObject({ ok: false, status: 503, code: 'auth_unavailable' });
      expect(verdict.ok ? 0 : verdict.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    });

    it('lets nobody pass once it was closed', async () => {
      const { authenticator, allowed } = await open();
      const known = allowed();
      await authenticator.check(known);
      await authenticator.close();
      await authenticator.close();
      for (const credentials of [known, allowed()]) {
        expect(await authenticator.check(credentials)).toMatchObject({ ok: false, status: 503 });
      }
    });
  });
}

function nameIn(verdict: Verdict) {
  if (!verdict.ok) throw new Error(`refused: ${verdict.detail}`);
  return verdict.caller;
}

export interface RateLimiterSubject {
  /** Another handle on the same counts, where `supports.shared`; else one of its own. */
  open(perMinute: number): Promise<RateLimiter>;
  readonly supports: {
    /** Replicas count together, or the reason why not. */
    readonly shared: true | string;
  };
}

/** The law of the RateLimiter port. */
export function describeRateLimiterContract(name: string, { open, supports }: RateLimiterSubject): void {
  describe(`rate limiter contract: ${name}`, () => {
    const limiters: RateLimiter[] = [];
    const opened = async (perMinute: number) => {
      const limiter = await open(perMinute);
      limiters.push(limiter);
      return limiter;
    };
    afterEach(async () => {
      for (const limiter of limiters.splice(0)) await limiter.close();
    });

    it('lets exactly so many pass, however they arrive, and says when to come back', async () => {
      const limiter = await opened(10);
      const caller = randomUUID();
      const permits = await Promise.all(Array.from({ length: AT_ONCE }, () => limiter.take(caller)));
      expect(permits.filter(({ ok }) => ok)).toHaveLength(10);
      for (const permit of permits) {
        if (permit.ok) continue;
        expect(Number.isInteger(permit.retryAfterSeconds)).toBe(true);
        expect(permit.retryAfterSeconds).toBeGreaterThanOrEqual(1);
        expect(permit.retryAfterSeconds).toBeLessThanOrEqual(60);
      }
    });

    it('counts each caller apart', async () => {
      const limiter = await opened(1);
      const [one, other] = [randomUUID(), randomUUID()];
      expect(await limiter.take(one)).toEqual({ ok: true });
      expect(await limiter.take(other)).toEqual({ ok: true });
      expect(await limiter.take(one)).toMatchObject({ ok: false });
    });

    it('takes any text for a name', async () => {
      const limiter = await opened(1);
      for (const id of ['::1', '2001:db8::/64', '', 'a b\r\nFLUSHALL\r\n', '\u{1f511}']) {
        const caller = `${id}${randomUUID()}`;
        expect([(await limiter.take(caller)).ok, (await limiter.take(caller)).ok]).toEqual([true, false]);
      }
    });

    if (supports.shared === true) {
      it('counts what replicas let pass together', async () => {
        const [one, other] = [await opened(3), await opened(3)];
        const caller = randomUUID();
        const permits = [];
        for (const limiter of [one, other, one, other]) permits.push((await limiter.take(caller)).ok);
        expect(permits).toEqual([true, true, true, false]);
      });
    } else it.skip(`counts what replicas let pass together (not here: ${supports.shared})`, () => undefined);
  });
}
