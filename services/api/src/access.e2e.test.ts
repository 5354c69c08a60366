import { hash } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { saying } from '../../../packages/auth-gitlab/test/gitlab-stand-in.ts';
import { bearer, newToken, startGuardedApi } from '../test/guarded-api.ts';

/** Who may call, from the environment to the answer, over real HTTP. */

const ID = '0190a3c5-7b40-7000-8000-000000000001';
const GUARDED: readonly [method: string, path: string][] = [
  ['GET', '/v1/models'],
  ['GET', '/v1/models/genfleet-demo'],
  ['POST', '/v1/images/generations'],
  ['POST', '/v1/completions'],
  ['POST', '/v1/engines/codegen/completions'],
  ['POST', '/v1/chat/completions'],
  ['GET', `/v1/completions/${ID}`],
  ['DELETE', `/v1/completions/${ID}`],
  ['GET', `/v1/completions/${ID}/events`],
  ['POST', `/v1/completions/${ID}/feedback`],
  ['GET', '/images'],
  ['GET', '/images/'],
  ['POST', '/images'],
  ['GET', `/images/${ID}`],
  ['DELETE', `/images/${ID}`],
  ['GET', `/images/${ID}/events`],
  ['HEAD', '/images'],
  ['GET', `/artifacts/${ID}.jpg`],
  ['GET', '/dead-letters'],
  ['POST', '/dead-letters/redrive'],
  ['POST', `/dead-letters/${ID}/redrive`],
  ['GET', '/models'],
  ['GET', '/jobs'],
  ['GET', `/jobs/${ID}/history`],
];
/** Where what all tenants did is shown. */
const FOR_OPERATORS: readonly [method: string, path: string][] = [
  ['POST', '/ledger/query'],
  ['GET', '/ledger/queries'],
  ['GET', '/ledger/queries/throughput'],
  ['GET', '/images?tenant=another'],
  ['GET', '/jobs?tenant=another'],
];
const OPEN = ['/health', '/health/live', '/health/ready', '/metrics', '/docs', '/docs/start.js', '/redoc'];
interface Described {
  readonly security: unknown;
  readonly paths: Record<string, Record<string, unknown>>;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const start = (env?: Record<string, string>) => startGuardedApi(closers, env);

describe('a caller without a token that works', () => {
  it('is asked for one everywhere but where nothing is shown', async () => {
    const { call, gitlab } = await start();
    for (const [method, path] of [...GUARDED, ...FOR_OPERATORS]) {
      const answer = await call(method, path);
      expect([method, path, answer.status]).toEqual([method, path, 401]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="Genfleet"');
    }
    const document = (await (await call('GET', '/openapi.json')).json()) as Described;
    expect(document.security).toEqual([{ bearer: [] }, { privateToken: [] }]);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const { status } = await call(method.toUpperCase(), path.replace('{id}', ID));
        expect([method, path, status]).toEqual([method, path, path.startsWith('/health') ? 200 : 401]);
      }
    }
    for (const path of OPEN) expect([path, (await call('GET', path)).status]).toEqual([path, 200]);
    expect(gitlab.asked).toEqual([]);
  });

  it('reads why, as problem details and as OpenAI writes it', async () => {
    const { call, no } = await start();
    const plain = await call('GET', '/images', bearer('glpat-unknown'));
    expect(plain.headers.get('content-type')).toBe('application/problem+json');
    expect(plain.headers.get('www-authenticate')).toBe('Bearer realm="Genfleet", error="invalid_token"');
    expect(await plain.json()).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      detail: 'GitLab does not take this token',
    });
    const openAi = await call('GET', '/v1/models', bearer('glpat-unknown'));
    expect([openAi.status, await openAi.json()]).toEqual([
      401,
      {
        error: {
          message: 'GitLab does not take this token',
          type: 'authentication_error',
          param: null,
          code: 'invalid_api_key',
        },
      },
    ]);
    const denied = await call('GET', '/v1/models', bearer(no));
    expect([denied.status, denied.headers.get('www-authenticate')]).toEqual([403, null]);
    expect(await denied.json()).toMatchObject({
      error: { type: 'permission_error', code: 'permission_denied' },
    });
    expect(await (await call('POST', '/images', bearer(no))).json()).toMatchObject({ status: 403 });
  });
});

describe('what all tenants did', () => {
  const idOf = (token: string) => hash('sha256', token).slice(0, 16);

  it('is shown to nobody who is not named, and who it was is said', async () => {
    const { yes, call } = await start();
    for (const [method, path] of FOR_OPERATORS) {
      const answer = await call(method, path, bearer(yes));
      const { detail } = (await answer.json()) as { detail: string };
      expect([method, path, answer.status, detail]).toEqual([
        ...[method, path, 403],
        expect.stringContaining(`You are caller ${idOf(yes)}`),
      ]);
    }
    expect((await call('GET', '/images?tenant=default', bearer(yes))).status).toBe(200);
    expect((await call('GET', '/jobs?tenant=default', bearer(yes))).status).toBe(200);
  });

  it('is shown to operators, or to every caller where OPERATORS says so', async () => {
    const operator = newToken();
    for (const OPERATORS of [`0123456789abcdef,${idOf(operator)}`, '*']) {
      const { gitlab, yes, call } = await start({ OPERATORS });
      gitlab.addUser(operator, true);
      for (const [method, path] of FOR_OPERATORS) {
        const { status } = await call(method, path, bearer(operator));
        // this API has no ledger
        expect([method, path, status]).toEqual([method, path, path.startsWith('/ledger') ? 404 : 200]);
      }
      expect((await call('GET', '/ledger/queries', bearer(yes))).status).toBe(OPERATORS === '*' ? 404 : 403);
    }
  });
});

describe('a caller whom GitLab lets pass', () => {
  it('may do everything, with either header and without a second question', async () => {
    const { call, yes, gitlab } = await start();
    for (const [method, path] of GUARDED) {
      for (const headers of [bearer(yes), { 'private-token': yes, authorization: 'Bearer dummy' }]) {
        const { status } = await call(method, path, headers);
        expect([method, path, [401, 403, 429, 503].includes(status)]).toEqual([method, path, false]);
      }
    }
    expect((await call('POST', '/images', bearer(yes))).status).toBe(202);
    expect(gitlab.asked).toHaveLength(2);
  });

  it("is OpenAI's own client, which understands each refusal", async () => {
    const { url, yes, no, gitlab } = await start({ RATE_LIMIT_PER_MINUTE: '1' });
    const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
    expect((await client(yes).models.list()).data).toEqual([]);
    const refused = async (apiKey: string): Promise<unknown> => {
      const answer = client(apiKey).models.list();
      return answer.then(
        () => 'it passed',
        (error: unknown) => error,
      );
    };
    expect(await refused('glpat-unknown')).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(await refused(no)).toBeInstanceOf(OpenAI.PermissionDeniedError);
    const draw = () => client(yes).images.generate({ prompt: 'A dog', size: '1x1' as never });
    await expect(draw()).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(draw()).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    await expect(draw()).rejects.toMatchObject({ code: 'rate_limit_exceeded', type: 'rate_limit_error' });
    gitlab.mood = saying(500);
    expect(await refused(newToken())).toMatchObject({ status: 503, type: 'server_error' });
  });
});

describe('GitLab', () => {
  it('that is away is 503 with the time to come back, except for those it answered before', async () => {
    const { call, yes, gitlab } = await start();
    expect((await call('GET', '/images', bearer(yes))).status).toBe(200);
    await gitlab.stop();
    const fresh = bearer(newToken());
    for (const path of ['/v1/models', '/images']) {
      const answer = await call('GET', path, fresh);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.text()).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
    }
    expect((await call('GET', '/v1/models', bearer(yes))).status).toBe(200);
    expect((await call('GET', '/health/ready')).status).toBe(200);
  });

  it('is asked once by 200 requests of one user', async () => {
    const { call, yes, gitlab } = await start();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => call('GET', '/v1/models', bearer(yes))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(gitlab.asked).toHaveLength(1);
  });
});

describe('RATE_LIMIT_PER_MINUTE', () => {
  it('counts the work of each caller, and not what they read', async () => {
    const { call, yes, gitlab } = await start({ RATE_LIMIT_PER_MINUTE: '2' });
    const other = newToken();
    gitlab.addUser(other, true);
    for (let i = 0; i < 10; i++) expect((await call('GET', '/images', bearer(yes))).status).toBe(200);
    expect((await call('POST', '/images', bearer(yes))).status).toBe(202);
    expect((await call('POST', '/images', bearer(yes))).status).toBe(202);
    const plain = await call('POST', '/images', bearer(yes));
    expect(plain.status).toBe(429);
    expect(Number(plain.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await plain.json()).toMatchObject({ title: 'Too Many Requests', status: 429 });
    const openAi = await call('POST', '/v1/images/generations', bearer(yes));
    expect([openAi.status, openAi.headers.has('retry-after')]).toEqual([429, true]);
    expect(await openAi.json()).toMatchObject({
      error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
    });
    expect((await call('GET', '/images', bearer(yes))).status).toBe(200);
    expect((await call('POST', '/images', bearer(other))).status).toBe(202);
    const feedback = await call('POST', `/v1/completions/${ID}/feedback`, bearer(yes));
    expect(feedback.status).not.toBe(429);
  });

  it('counts by address where nobody is asked for a token', async () => {
    const { call, yes, gitlab } = await start({ AUTH: 'none', RATE_LIMIT_PER_MINUTE: '1' });
    expect((await call('POST', '/images', bearer(yes))).status).toBe(202);
    expect((await call('POST', '/images')).status).toBe(429);
    expect((await call('GET', '/images')).status).toBe(200);
    expect(gitlab.asked).toEqual([]);
  });
});

describe('an open door', () => {
  it.each([
    [{ BYPASS_EXTERNAL_AUTH: 'True' }, /BYPASS_EXTERNAL_AUTH IS ON/],
    [{ AUTH: 'none', HOST: '0.0.0.0' }, /NOBODY IS ASKED WHO THEY ARE/],
  ])('with %j is announced at the start', async (env, warning) => {
    const { call, lines } = await start(env);
    expect((await call('GET', '/v1/models')).status).toBe(200);
    const [first] = lines.map((line) => JSON.parse(line) as { level: number; msg: string });
    expect(first?.msg).toMatch(warning);
    expect(first?.level).toBeGreaterThanOrEqual(40);
  });

  it.each([{}, { AUTH: 'none' }, { HOST: '0.0.0.0' }])('is none with %j', async (env) => {
    const { lines } = await start(env);
    expect(lines.join()).not.toMatch(/NOBODY|BYPASS/);
  });
});
