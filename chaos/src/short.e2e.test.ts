import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { provide } from '../../tools/provision/components.ts';

const MINUTES_MS = 10 * 60_000;

/** `npm run chaos` without the package manager around it. */
async function chaos(...words: string[]): Promise<{ code: number | null; output: string }> {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

const toxiproxy = await provide('toxiproxy');
const needed = [toxiproxy, await provide('pulsar'), await provide('s3'), await provide('redis')];
const reasons = (parts: readonly object[]) =>
  parts.flatMap((part) => ('missing' in part ? [String(part.missing)] : [])).join('; ');

/** Runs where all of these are, and says in its name why not. */
function itWith(parts: readonly object[], title: string, test: () => Promise<void>): void {
  const missing = reasons(parts);
  if (missing === '') it(title, test, MINUTES_MS);
  else it.skip(`${title} (needs ${missing})`, test);
}

describe('chaos, in its short form', () => {
  // most of its time it waits for what never comes
  const broken = reasons([toxiproxy]) === '' ? chaos('--mutants', '--only', 'ack-before-publish') : undefined;

  itWith([toxiproxy], 'breaks no promise on the embedded bus', async () => {
    expect(await chaos('--short', '--bus', 'embedded')).toEqual({
      code: 0,
      output: expect.stringMatching(/4 experiments, \d{2,} jobs accepted; 0 experiments found/),
    });
  });

  itWith(needed, 'breaks no promise on Pulsar', async () => {
    expect(await chaos('--short', '--bus', 'pulsar')).toEqual({
      code: 0,
      output: expect.stringMatching(/2 experiments, \d{2,} jobs accepted; 0 experiments found/),
    });
  });

  itWith([toxiproxy], 'notices a build that acknowledges before it publishes', async () => {
    expect(await broken).toEqual({
      code: 0,
      output: expect.stringMatching(/^caught {3}ack-before-publish: .*\n {4}lost: /s),
    });
  });

  it('says what it does not understand', async () => {
    expect(await chaos('--only', 'everything')).toMatchObject({
      code: 2,
      output: expect.stringContaining('there is no everything'),
    });
  });
});
