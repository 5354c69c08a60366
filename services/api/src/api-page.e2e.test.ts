import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { openLedger } from '@genfleet/adapters';
import { readConfig } from '@genfleet/config';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealFleet, startRealFleet } from '../test/real-fleet.ts';

/** Every command of docs/api.md, and the calls of docs/ledger.md, as they stand there, against a service whose jobs end at once. */

const run = promisify(execFile);
async function commandsOf(name: string): Promise<string[]> {
  const page = await readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
  return [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, command]) => String(command));
}

const commands = await commandsOf('api.md');
// those of the command line are run where it is tested
const calls = (await commandsOf('ledger.md')).filter((command) => !command.includes('npm run'));
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);
// a skip must say why
if (!hasCurl) console.warn('docs/api.md: its commands are not run, since there is no curl on this machine');

let fleet: RealFleet;
const working = new AbortController();

beforeAll(async () => {
  fleet = await startRealFleet({}, (bus, folder) => openLedger(readConfig({ DATA_DIR: folder }), bus));
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
  // lists are of what the view has read: this one is in it once it was waited for
  const generation_settings = { prompt: 'a red circle' };
  const first = await fetch(`${fleet.a.url}/images/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=20' },
    body: JSON.stringify({ generation_settings, metadata: { grouping: 'test/grouping' } }),
  });
  expect(first.status).toBe(200);
});
afterAll(async () => {
  working.abort();
  await fleet.close();
});

describe('docs/api.md', () => {
  it('has commands', () => {
    expect(commands.length).toBeGreaterThan(8);
    expect(calls).toHaveLength(1);
  });

  (hasCurl ? it : it.skip).each([...commands, ...calls])('%s', async (command) => {
    const here = command.replaceAll('http://127.0.0.1:8000', fleet.a.url);
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', here]);
    expect(stdout.trim()).not.toBe('');
  });
});
