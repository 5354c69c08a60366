import { afterEach, describe, expect, it } from '@jest/globals';
import { GitlabStandIn } from '../../../packages/auth-gitlab/test/gitlab-stand-in.ts';
import { provide } from '../../../tools/provision/components.ts';
import { dataFolder, startProduct } from '../test/product.ts';
import { processes, startApi } from '../test/services.ts';

/** Both ways to start an API ask GitLab, as the environment of FauxPilot says, and end as they should. */

const redis = await provide('redis');
const { started, killAll } = processes();
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  await killAll();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

const STARTS = [
  ['npm start', startProduct],
  ['npm run api', (dataDir: string, env: Record<string, string>) => startApi({ DATA_DIR: dataDir, ...env })],
] as const;

async function prepared() {
  const gitlab = await GitlabStandIn.start();
  const folder = dataFolder();
  cleanUps.push(
    () => gitlab.stop(),
    () => folder.remove(),
  );
  const [yes, no] = ['glpat-may-call-0001', 'glpat-may-not-0002'];
  gitlab.addUser(yes, true);
  gitlab.addUser(no, false);
  const env = {
    TRITON_VERBOSITY: 'False',
    DOCS_URL: 'None',
    OPENAPI_URL: 'None',
    REDOC_URL: 'None',
    BYPASS_EXTERNAL_AUTH: 'False',
    GITLAB_API_URL: gitlab.apiUrl,
    LOG_LEVEL: 'trace',
  };
  return { gitlab, dataDir: folder.path, yes, no, env };
}

const status = async (url: string, token?: string) => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await fetch(url, { headers })).status;
};

describe.each(STARTS)('%s', (_name, start) => {
  it('asks GitLab, keeps its answers in memory, and shows no page', async () => {
    const { gitlab, dataDir, yes, no, env } = await prepared();
    const product = await started(start(dataDir, { ...env, USE_LOCAL_CACHE: 'True' }));
    const models = `${product.url}/v1/models`;
    expect([await status(models), await status(models, 'glpat-unknown')]).toEqual([401, 401]);
    expect([await status(models, no), await status(models, yes), await status(models, yes)]).toEqual([
      403, 200, 200,
    ]);
    expect(gitlab.asked).toHaveLength(3);
    for (const path of ['/docs', '/openapi.json', '/redoc']) {
      expect([path, await status(product.url + path)]).toEqual([path, 404]);
    }
    expect(await status(`${product.url}/health`)).toBe(200);
    expect(product.output()).not.toMatch(/glpat|may-call|may-not/);
    expect(await product.end('SIGTERM')).toBe(0);
  });

  it('lets everybody pass where the check is bypassed, and says so', async () => {
    const { gitlab, dataDir, env } = await prepared();
    const product = await started(start(dataDir, { ...env, BYPASS_EXTERNAL_AUTH: 'True' }));
    expect(await status(`${product.url}/v1/models`)).toBe(200);
    expect(product.output()).toContain('BYPASS_EXTERNAL_AUTH IS ON');
    expect(gitlab.asked).toEqual([]);
    expect(await product.end('SIGTERM')).toBe(0);
  });

  ('missing' in redis ? it.skip : it)(
    `shares answers and counts over Redis${'missing' in redis ? ` (${redis.missing})` : ''}`,
    async () => {
      const { gitlab, dataDir, yes, env } = await prepared();
      const REDIS_URL = 'missing' in redis ? '' : redis.url;
      const product = await started(start(dataDir, { ...env, REDIS_URL, RATE_LIMIT_PER_MINUTE: '1' }));
      expect(await status(`${product.url}/v1/models`, yes)).toBe(200);
      const headers = { authorization: `Bearer ${yes}`, 'content-type': 'application/json' };
      const post = () => fetch(`${product.url}/images`, { method: 'POST', headers, body: '{' });
      expect([(await post()).status, (await post()).status].at(-1)).toBe(429);
      expect(gitlab.asked).toHaveLength(1);
      expect(product.output()).not.toMatch(/glpat|Redis is away/);
      expect(await product.end('SIGTERM')).toBe(0);
    },
  );
});
