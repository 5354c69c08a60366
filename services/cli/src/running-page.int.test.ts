import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBus } from '@genfleet/adapters';
import { fleetTopics } from '@genfleet/bus';
import { readConfig } from '@genfleet/config';
import { ERROR_CODES, encodeEvent } from '@genfleet/job';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Every command of docs/operations/running.md, as it stands there. */

const ROOT = join(import.meta.dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/operations/running.md'), 'utf8');
const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, command]) => String(command));
const directory = mkdtempSync(join(tmpdir(), 'genfleet-running-'));
const data = join(directory, 'data');

let close: () => Promise<void>;

beforeAll(async () => {
  mkdirSync(join(data, 'artifacts'), { recursive: true });
  writeFileSync(join(data, 'artifacts/a.jpg'), 'a picture');
  const bus = await openBus(readConfig({ DATA_DIR: data }));
  await bus.ensureTopics(fleetTopics());
  for (const { topic, event } of FIXED_LEDGER) {
    await (await bus.producer(topic)).send({ key: event.id, value: encodeEvent(event) });
  }
  // as of a service that runs on
  close = () => bus.close();
});
afterAll(async () => {
  await close();
  rmSync(directory, { recursive: true, force: true });
});

function run(command: string): string {
  const cli = `"${process.execPath}" --disable-warning=ExperimentalWarning "${ROOT}/services/cli/src/main.ts"`;
  const here = command
    .replaceAll('node_modules/.bin/node', `"${process.execPath}"`)
    .replaceAll('npm run genfleet --', cli)
    .replaceAll(' verify', ' verify --artifacts=skip || true');
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, DATA_DIR: data };
  return execFileSync('bash', ['-euo', 'pipefail', '-c', here], {
    cwd: directory,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe('docs/operations/running.md', () => {
  it('has commands that make a whole backup beside a service that runs', () => {
    const [backup = '', verify = '', deadLetters = ''] = commands;
    expect(commands).toHaveLength(3);
    run(backup);
    expect(readFileSync(join(directory, 'backup/artifacts/a.jpg'), 'utf8')).toBe('a picture');
    expect(run(verify)).toContain(`${FIXED_LEDGER.length} messages`);
    expect(run(deadLetters)).toMatch(/\d+ rows? in/);
  });

  it('names no code of a failure that there is not', () => {
    const codes = [...page.matchAll(/^\| ((?:`[a-z_]+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code),
    );
    expect(codes.length).toBeGreaterThan(8);
    expect(ERROR_CODES).toEqual(expect.arrayContaining(codes));
  });
});
