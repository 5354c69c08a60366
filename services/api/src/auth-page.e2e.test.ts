import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { openAuthenticator } from '@genfleet/adapters';
import { readConfig } from '@genfleet/config';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GitlabStandIn } from '../../../packages/auth-gitlab/test/gitlab-stand-in.ts';
import { MemoryBus, MemoryView } from '../test/memory-fleet.ts';
import { MemoryArtifacts, type Replica, startReplica } from '../test/rig.ts';

/** Every command and every environment of docs/operations/auth.md, as they stand there. */

const run = promisify(execFile);
const page = await readFile(new URL('../../../docs/operations/auth.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) =>
    String(block),
  );
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);
// a skip must say why
if (!hasCurl)
  console.warn('docs/operations/auth.md: its commands are not run, there is no curl on this machine');

const TOKEN = 'glpat-of-the-docs';
let gitlab: GitlabStandIn;
let replica: Replica;
let close: () => Promise<unknown>;

beforeAll(async () => {
  gitlab = await GitlabStandIn.start();
  gitlab.addUser(TOKEN, true);
  const config = readConfig({ GITLAB_API_URL: gitlab.apiUrl, PORT: '0' });
  const authenticator = await openAuthenticator(config, () => undefined);
  const bus = new MemoryBus();
  const parts = { bus, view: new MemoryView(bus), artifacts: new MemoryArtifacts() };
  replica = await startReplica(parts, { authenticator, settings: config });
  close = () => Promise.all([authenticator?.close(), replica.api.stop(), gitlab.stop()]);
});
afterAll(() => close());

describe('docs/operations/auth.md', () => {
  it('shows environments that are valid and turn the check on', () => {
    const environments = blocks('dotenv').map((block) =>
      Object.fromEntries(
        block
          .trim()
          .split('\n')
          .map((line) => line.split(/=(.*)/s) as [string, string]),
      ),
    );
    expect(environments).toHaveLength(2);
    for (const env of environments) {
      expect(readConfig(env)).toMatchObject({ AUTH: 'gitlab', BYPASS_EXTERNAL_AUTH: false });
    }
    const [fleet, fauxPilot] = environments.map((env) => readConfig(env));
    expect(fleet).toMatchObject({ USE_LOCAL_CACHE: false, RATE_LIMIT_PER_MINUTE: 120 });
    expect(fauxPilot).toMatchObject({ USE_LOCAL_CACHE: true, PORT: 5_001, DOCS_URL: undefined });
  });

  (hasCurl ? it : it.skip).each(blocks('sh'))('%s', async (command) => {
    const here = command.replaceAll('http://127.0.0.1:8000', replica.url);
    const env = { PATH: process.env['PATH'], GITLAB_TOKEN: TOKEN };
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', here], { env });
    const answer = JSON.parse(stdout) as object;
    if (command.includes('401')) expect(answer).toMatchObject({ error: { code: 'invalid_api_key' } });
    else expect(answer).not.toHaveProperty('error');
  });

  it('names the codes of the answers', async () => {
    for (const headers of [undefined, { authorization: 'Bearer unknown' }]) {
      const answer = await fetch(`${replica.url}/v1/models`, headers ? { headers } : {});
      const { error } = (await answer.json()) as { error: { type: string; code: string } };
      expect(page).toContain(`| ${answer.status} with \`WWW-Authenticate\``);
      expect(page).toContain(`\`${error.type}\`, \`${error.code}\``);
    }
  });
});
