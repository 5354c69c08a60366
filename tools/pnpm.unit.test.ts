import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const script = fileURLToPath(new URL('pnpm.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'genfleet-pnpm-'));
const [bin, cache, calls] = ['bin', 'cache', 'calls'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

/** An npm that installs a pnpm which says with what it was called; nothing is fetched. */
const FAKE_NPM = `#!/bin/sh
echo "npm $*" >> '${calls}'
[ "$FAIL" = 1 ] && exit 1
mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho "pnpm $*"' > node_modules/.bin/pnpm
chmod +x node_modules/.bin/pnpm
`;

/** Without a terminal: only what is wrong is said beside what the script says. */
const RUN = 'pnpm --loglevel=warn run x\n';

const pnpm = (more: Record<string, string> = {}, words = ['run', 'x']) =>
  run(process.execPath, [script, ...words], {
    env: { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, GENFLEET_CACHE: cache, ...more },
  });

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of [
    ['npm', FAKE_NPM],
    // of another version than the pinned one
    ['pnpm', '#!/bin/sh\necho 1.0.0\n'],
  ] as const) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('tools/pnpm.mjs', () => {
  it('installs the pinned pnpm once, and asks no registry from then on', async () => {
    expect((await pnpm()).stdout).toBe(RUN);
    expect((await pnpm()).stdout).toBe(RUN);
    expect(readFileSync(calls, 'utf8')).toMatch(/^npm install .*pnpm@\d+\.\d+\.\d+\n$/);
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('shows the progress of what somebody asked for by itself', async () => {
    expect((await pnpm({}, ['install'])).stdout).toBe('pnpm install\n');
  });

  it('may be started twice at once for the first time', async () => {
    const both = await Promise.all([pnpm(), pnpm()]);
    expect(both.map(({ stdout }) => stdout)).toEqual([RUN, RUN]);
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('says that pnpm could not be installed, and leaves nothing half done', async () => {
    const failed = pnpm({ FAIL: '1' });
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Could not install pnpm'),
    });
    expect(readdirSync(cache)).toEqual([]);
  });

  it('gives npm neither its own settings of this run nor the Node of the repository', async () => {
    writeFileSync(join(bin, 'npm'), `#!/bin/sh\necho "$PATH|$npm_config_registry" > '${calls}'\nexit 1\n`);
    const own = join(dirname(dirname(script)), 'node_modules', '.bin');
    const given = { PATH: `${own}:${bin}:/usr/bin:/bin`, npm_config_registry: 'http://127.0.0.1:9/' };
    await expect(pnpm(given)).rejects.toMatchObject({ code: 1 });
    expect(readFileSync(calls, 'utf8')).toBe(`${bin}:/usr/bin:/bin|\n`);
  });

  it('is told the Node that runs everything', async () => {
    const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
    const { devDependencies } = JSON.parse(read('package.json'));
    expect(read('pnpm-workspace.yaml')).toContain(`\nnodeVersion: ${devDependencies.node}\n`);
  });
});
