import { randomBytes } from 'node:crypto';
import type { Authenticator, Credentials, Verdict } from '@genfleet/auth';
import { describeAuthContract } from '@genfleet/auth/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GitlabStandIn, MOODS, saying } from '../test/gitlab-stand-in.ts';
import { openGitlabAuthenticator } from './gitlab-authenticator.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const bearer = (token: string): Credentials => ({ form: 'bearer', token });
const newToken = () => `glpat-${randomBytes(15).toString('base64url')}`;
const statusOf = (verdict: Verdict) => (verdict.ok ? 200 : verdict.status);

describeAuthContract('GitLab, answers in memory', async () => {
  const gitlab = await GitlabStandIn.start();
  const add = (isAllowed: boolean) => {
    const token = newToken();
    gitlab.addUser(token, isAllowed);
    return bearer(token);
  };
  return {
    authenticator: await openGitlabAuthenticator({
      apiUrl: gitlab.apiUrl,
      now: Date.now,
      warn: () => undefined,
    }),
    allowed: () => add(true),
    denied: () => add(false),
    unknown: () => bearer(newToken()),
    cutOff: () => gitlab.stop(),
    destroy: () => gitlab.stop(),
  };
});

describe('the check with GitLab', () => {
  const warned: string[] = [];
  let gitlab: GitlabStandIn;
  let auth: Authenticator;
  let nowMs = 0;

  beforeEach(async () => {
    warned.length = 0;
    nowMs = Date.parse('2026-03-01T08:00:00Z');
    gitlab = await GitlabStandIn.start();
    gitlab.addUser('glpat-yes', true);
    gitlab.addUser('glpat-no', false);
    auth = await openGitlabAuthenticator({
      apiUrl: gitlab.apiUrl,
      timeoutMs: 1_000,
      now: () => nowMs,
      warn: (message) => warned.push(message),
    });
  });
  afterEach(async () => {
    await auth.close();
    await gitlab.stop();
  });

  it('passes the token on in the form in which it came', async () => {
    for (const form of ['bearer', 'private-token'] as const) {
      expect(await auth.check({ form, token: 'glpat-yes' })).toMatchObject({ ok: true });
    }
    expect(gitlab.asked).toEqual([
      { header: 'authorization', token: 'glpat-yes' },
      { header: 'private-token', token: 'glpat-yes' },
    ]);
  });

  it('makes one call for 200 requests of one user at once, and one for each user', async () => {
    const verdicts = await Promise.all(Array.from({ length: 200 }, () => auth.check(bearer('glpat-yes'))));
    expect(verdicts.every(({ ok }) => ok)).toBe(true);
    expect(gitlab.asked).toHaveLength(1);
    await Promise.all(Array.from({ length: 200 }, () => auth.check(bearer('glpat-no'))));
    expect(gitlab.asked).toHaveLength(2);
  });

  it('makes one call also where 200 requests wait for what then fails, and asks again after it', async () => {
    gitlab.mood = saying(500);
    const verdicts = await Promise.all(Array.from({ length: 200 }, () => auth.check(bearer('glpat-yes'))));
    expect(new Set(verdicts.map(statusOf))).toEqual(new Set([503]));
    expect(gitlab.asked).toHaveLength(1);
    gitlab.mood = undefined;
    expect(statusOf(await auth.check(bearer('glpat-yes')))).toBe(200);
  });

  it.each([
    ['glpat-yes', 200, HOUR_MS],
    ['glpat-no', 403, HOUR_MS],
    ['glpat-nobody', 401, MINUTE_MS],
  ])('keeps the answer about %s (%i) for %i ms and no longer', async (token, status, keptMs) => {
    expect(statusOf(await auth.check(bearer(token)))).toBe(status);
    nowMs += keptMs - 1;
    expect(statusOf(await auth.check(bearer(token)))).toBe(status);
    expect(gitlab.asked).toHaveLength(1);
    nowMs += 1;
    expect(statusOf(await auth.check(bearer(token)))).toBe(status);
    expect(gitlab.asked).toHaveLength(2);
  });

  it('believes GitLab when it changes its mind', async () => {
    expect(statusOf(await auth.check(bearer('glpat-new')))).toBe(401);
    gitlab.addUser('glpat-new', true);
    nowMs += MINUTE_MS;
    expect(statusOf(await auth.check(bearer('glpat-new')))).toBe(200);
    gitlab.addUser('glpat-new', false);
    nowMs += HOUR_MS;
    expect(statusOf(await auth.check(bearer('glpat-new')))).toBe(403);
  });

  it('keeps those who pass while somebody tries thousands of tokens', async () => {
    await auth.check(bearer('glpat-yes'));
    for (let i = 0; i < 3_000; i += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, n) => auth.check(bearer(`guess-${i + n}`))));
    }
    const before = gitlab.asked.length;
    expect(statusOf(await auth.check(bearer('glpat-yes')))).toBe(200);
    expect(gitlab.asked).toHaveLength(before);
  });

  it('asks about a bounded number of tokens at once', async () => {
    gitlab.mood = MOODS.hung;
    const verdicts = await Promise.all(
      Array.from({ length: 500 }, (_, n) => auth.check(bearer(`guess-${n}`))),
    );
    expect(new Set(verdicts.map(statusOf))).toEqual(new Set([503]));
    expect(gitlab.asked.length).toBeLessThanOrEqual(200);
    gitlab.mood = undefined;
    expect(statusOf(await auth.check(bearer('glpat-yes')))).toBe(200);
  });

  it.each([
    ['breaks', MOODS.broken],
    ['hangs', MOODS.hung],
    ['sends headers for ever', MOODS.slowHeaders],
    ['stops half way', MOODS.slowBody],
    ['sends without end', MOODS.endless],
    ['answers 500', saying(500, '{"user_is_allowed":true}')],
    ['answers 502', saying(502, '<html>')],
    ['answers 404', saying(404, '{"error":"404 Not Found"}')],
    ['answers 429', saying(429, 'Retry later')],
    ['answers 204', saying(204)],
    ['answers a page', saying(200, '<html>Sign in</html>')],
    ['answers nothing', saying(200)],
    ['answers broken JSON', saying(200, '{"user_is_allowed":tr')],
    ['answers null', saying(200, 'null')],
    ['answers something else', saying(200, '{"user_is_not_allowed":true}')],
    ['answers text for true', saying(200, '{"user_is_allowed":"true"}')],
    ['answers a list', saying(200, '[{"user_is_allowed":true}]')],
    ['answers one for true', saying(200, '{"user_is_allowed":1}')],
  ])('lets nobody pass when GitLab %s, keeps none of it, and says so once', async (_what, mood) => {
    gitlab.mood = mood;
    for (const token of ['glpat-yes', 'glpat-yes', 'glpat-no']) {
      const verdict = await auth.check(bearer(token));
      expect(verdict).toMatchObject({ ok: false, status: 503, retryAfterSeconds: 5 });
    }
    gitlab.mood = undefined;
    expect(statusOf(await auth.check(bearer('glpat-yes')))).toBe(200);
    expect(statusOf(await auth.check(bearer('glpat-no')))).toBe(403);
    expect(warned).toHaveLength(2);
    expect(warned.join()).not.toMatch(/glpat/);
  });

  it.each([
    ['has no address', 'http://gitlab.invalid/', /: getaddrinfo [A-Z_]+ gitlab\.invalid\)/],
    ['has a port that is not for HTTP', 'http://127.0.0.1:1/', /: bad port\)/],
  ])('says why when GitLab %s', async (_what, apiUrl, reason) => {
    const warn = (message: string) => void warned.push(message);
    const away = await openGitlabAuthenticator({ apiUrl, timeoutMs: 10_000, now: () => nowMs, warn });
    expect(statusOf(await away.check(bearer('glpat-yes')))).toBe(503);
    expect(warned).toEqual([expect.stringMatching(reason)]);
    await away.close();
  });

  it('says why when GitLab takes no connection', async () => {
    await gitlab.stop();
    await auth.check(bearer('glpat-yes'));
    expect(warned).toEqual([expect.stringContaining(': connect ECONNREFUSED 127.0.0.1:')]);
  });

  it('says why when GitLab hangs up', async () => {
    gitlab.mood = MOODS.broken;
    await auth.check(bearer('glpat-yes'));
    expect(warned).toEqual([expect.stringContaining(': UND_ERR_SOCKET: other side closed)')]);
  });

  it.each([
    ['120', 120],
    ['0', 1],
    ['86400', 300],
    ['Sun, 01 Mar 2026 09:00:00 GMT', 5],
  ])('passes on a Retry-After of %s as %i seconds', async (given, seconds) => {
    gitlab.mood = saying(429, '', { 'retry-after': given });
    expect(await auth.check(bearer('glpat-yes'))).toMatchObject({
      status: 503,
      retryAfterSeconds: seconds,
    });
  });

  it.each([301, 302, 307, 308])('carries the token nowhere else on a %i', async (status) => {
    const elsewhere = await GitlabStandIn.start();
    elsewhere.addUser('glpat-yes', true);
    gitlab.mood = saying(status, '', { location: `${elsewhere.apiUrl}ml/ai-assist` });
    expect(statusOf(await auth.check(bearer('glpat-yes')))).toBe(503);
    expect(statusOf(await auth.check({ form: 'private-token', token: 'glpat-yes' }))).toBe(503);
    expect(elsewhere.asked).toEqual([]);
    await elsewhere.stop();
  });

  it('refuses what is no token without a question', async () => {
    for (const token of ['a b', 'a\r\nx-evil: 1', 'é', 'x'.repeat(8_193)]) {
      expect(await auth.check(bearer(token))).toMatchObject({ status: 401 });
    }
    expect(gitlab.asked).toEqual([]);
  });

  it('ends what it waits for when it is closed', async () => {
    gitlab.mood = MOODS.hung;
    const patient = await openGitlabAuthenticator({
      apiUrl: gitlab.apiUrl,
      timeoutMs: 600_000,
      now: () => nowMs,
      warn: (message) => warned.push(message),
    });
    const waiting = patient.check(bearer('glpat-yes'));
    while (gitlab.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await patient.close();
    expect(statusOf(await waiting)).toBe(503);
    expect(warned).toEqual([]);
  });
});
