import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealFleet, startRealFleet } from '../test/real-fleet.ts';

/** Every command of docs/api.md, as it stands there, against a service whose jobs end at once. */

const run = promisify(execFile);
const PAGE = new URL('../../../docs/api.md', import.meta.url);

const page = await readFile(PAGE, 'utf8');
const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, command]) => String(command));
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);
// a skip must say why
if (!hasCurl) console.warn('docs/api.md: its commands are not run, since there is no curl on this machine');

let fleet: RealFleet;
const working = new AbortController();

beforeAll(async () => {
  fleet = await startRealFleet();
  fleet.a.view.onChange(
    undefined,
    ({ event }) => {
      if (event.type === 'requested' && event.kind === 'txt2img') void fleet.worker.finish(event);
    },
    working.signal,
  );
  fleet.completionView.onChange(
    undefined,
    ({ event }) => {
      if (event.type === 'requested' && event.kind === 'completion') void fleet.writer.write(event);
    },
    working.signal,
  );
});
afterAll(async () => {
  working.abort();
  await fleet.close();
});

describe('docs/api.md', () => {
  it('has commands', () => expect(commands.length).toBeGreaterThan(8));

  (hasCurl ? it : it.skip).each(commands)('%s', async (command) => {
    const here = command.replaceAll('http://127.0.0.1:8000', fleet.a.url);
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', here]);
    expect(stdout.trim()).not.toBe('');
  });
});
