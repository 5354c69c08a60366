import { type ChildProcess, execFile } from 'node:child_process';
import { hash, randomUUID } from 'node:crypto';
import { cp, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Client, createClient, type Receipt } from '@genfleet/client';
import type { CompletedEvent } from '@genfleet/job';
import { VIOLATION_CODES } from '@genfleet/ledger';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { dataFolder, type Product, startProduct } from '../test/product.ts';
import { changeMessage, completedImages, countMessages, publishEvent, withTable } from '../test/record.ts';
import { type Ended, genfleet } from '../test/services.ts';

/** The product itself makes a history; then one thing at a time is done to a copy of it. */

jest.setTimeout(300_000);

const IMAGES = 300;
const TEXTS = 3;
const AT_ONCE = 16;
const SETTINGS = { prompt: 'a red circle', seed: 1, steps: 1, width: 64, height: 64 };
const PROMPTS = { PROMPT_RETENTION_MS: '1000' };
/** In line for it there is nobody, so its jobs become dead letters at once. */
const NOBODYS_MODEL = 'nobodys';

const original = dataFolder();
const copies = dataFolder();
const receipts: Receipt[] = [];
let product: Product;

beforeAll(async () => {
  product = await startProduct(original.path, { MODELS: NOBODYS_MODEL, ...PROMPTS });
  const client = createClient({ baseUrl: product.url, onReceipt: (receipt) => receipts.push(receipt) });
  await makeHistory(client);
  await allEnded(client);
  await promptsRemoved();
});
afterAll(async () => {
  await product?.end('SIGTERM');
  copies.remove();
  original.remove();
});

/** Images, some of them cancelled or without a worker, redrives, and completions in the background. */
async function makeHistory(client: Client): Promise<void> {
  let next = 0;
  const sender = async () => {
    for (let n = next++; n < IMAGES; n = next++) {
      const settings = { ...SETTINGS, seed: n, ...(n % 50 === 7 ? { model: NOBODYS_MODEL } : {}) };
      const { id } = await client.createImage({ generation_settings: settings });
      // some of them are too late, which is as good
      if (n % 50 === 9) await client.cancelImage(id).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  await until(async () => (await client.deadLetters()).total === IMAGES / 50);
  await client.redriveAll();
  for (let n = 0; n < TEXTS; n++) {
    const accepted = await fetch(`${product.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'genfleet-demo-code',
        prompt: 'def add(a, b):',
        background: true,
      }),
    });
    expect(accepted.status).toBe(202);
    receipts.push(JSON.parse(accepted.headers.get('genfleet-receipt') ?? '') as Receipt);
  }
}

async function allEnded(client: Client): Promise<void> {
  const status = ['queued', 'running', 'retrying'] as const;
  await until(async () => (await client.listImages({ status, limit: 1 })).total === 0);
  const texts = receipts.filter(({ kind }) => kind === 'completion');
  await until(async () => {
    const answers = await Promise.all(texts.map(({ id }) => fetch(`${product.url}/v1/completions/${id}`)));
    const jobs = await Promise.all(answers.map((answer) => answer.json() as Promise<{ status: string }>));
    return jobs.every((job) => job.status === 'completed');
  });
}

/** Retention takes a few seconds; without it there would be nothing to tell apart. */
async function promptsRemoved(): Promise<void> {
  await until(async () => countMessages(original.path, 'completion', 'requested') === 0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 240_000;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`it did not come to that:\n${product.output()}`);
    await sleep(200);
  }
}

async function receiptFile(directory: string): Promise<string> {
  const file = join(directory, 'receipts.jsonl');
  await writeFile(file, receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(''));
  return file;
}

/** A copy of everything, made while nobody writes, and what `verify` says of it once something was done to it. */
async function verifiedAfter(
  mutate: (directory: string, victim: CompletedEvent) => void | Promise<void>,
  env: Record<string, string> = PROMPTS,
): Promise<Ended & { victim: CompletedEvent }> {
  const directory = join(copies.path, 'copy');
  await rm(directory, { recursive: true, force: true });
  await cp(original.path, directory, { recursive: true });
  const [victim] = completedImages(directory);
  if (!victim) throw new Error('nothing was completed');
  await mutate(directory, victim);
  const file = await receiptFile(directory);
  const ended = await genfleet({ DATA_DIR: directory, ...env }, ['verify', '--receipts', file]);
  return { ...ended, victim };
}

const SUMMARY =
  /^verified (\S+) jobs \((\S+) receipts, \S+ messages, (\S+) artifacts\) in [\d.]+ s: .*; (\d+) repeats?, \d+ races?, (\d+) expired; (\d+) violations?$/m;

describe('genfleet verify, over what the product made', () => {
  it('finds every job as it was promised, while the product runs', async () => {
    const file = await receiptFile(copies.path);
    const ended = await genfleet({ DATA_DIR: original.path, ...PROMPTS }, ['verify', '--receipts', file]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const [, jobs, asked, artifacts, repeats, expired, violations] = SUMMARY.exec(ended.stdout) ?? [];
    expect({ jobs, asked, repeats, violations }).toEqual({
      jobs: String(IMAGES + TEXTS),
      asked: String(receipts.length),
      repeats: '0',
      violations: '0',
    });
    expect(Number(artifacts)).toBeGreaterThan(IMAGES / 2);
    expect(expired).toBe(String(TEXTS));
    expect(ended.stdout.trim().split('\n')).toHaveLength(1);
  });

  it('finds the same without receipts, and in halves of the time', async () => {
    const env = { DATA_DIR: original.path, ...PROMPTS };
    const jobsOf = async (...words: string[]) => {
      const ended = await genfleet(env, ['verify', '--kind', 'txt2img', '--json', ...words]);
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      const lines = ended.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.at(-1)).toMatchObject({ summary: { violations: 0, jobs: lines.length - 1 } });
      return lines.slice(0, -1).map(({ job }) => job as { id: string; terminal_states: number });
    };
    const all = await jobsOf();
    expect(all).toHaveLength(IMAGES);
    expect(all.every((job) => job.terminal_states === 1)).toBe(true);
    const ids = all.map(({ id }) => id).sort();
    const middle = withTable(original.path, ['txt2img', 'requested'], (database, table) =>
      Number(database.prepare(`select avg(time_ms) as t from ${table}`).get()?.['t']),
    );
    const time = new Date(middle).toISOString();
    const [before, after] = [await jobsOf('--to', time), await jobsOf('--from', time)];
    expect(Math.min(before.length, after.length)).toBeGreaterThan(0);
    // a job that was redriven in the second half is of both
    expect([...new Set([...before, ...after].map(({ id }) => id))].sort()).toEqual(ids);
  });

  it('has the commands of docs/verify.md', async () => {
    const page = await readFile(new URL('../../../docs/verify.md', import.meta.url), 'utf8');
    const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, command]) => String(command));
    expect(commands.length).toBeGreaterThan(1);
    const root = new URL('../../..', import.meta.url).pathname;
    const cli = `${process.execPath} --disable-warning=ExperimentalWarning ${root}services/cli/src/main.ts`;
    const work = join(copies.path, 'page');
    await mkdir(work);
    const { PATH = '', HOME = '' } = process.env;
    const [{ id: dead = '' } = {}] = (await createClient({ baseUrl: product.url }).deadLetters()).images;
    const leftOver = `${dead}.jpg`;
    await writeFile(join(original.path, 'artifacts', leftOver), 'of a run that did not count');
    const said: string[] = [];
    for (const command of commands) {
      const here = command
        .replaceAll('http://127.0.0.1:8000', product.url)
        .replaceAll('data/artifacts', join(original.path, 'artifacts'))
        .replaceAll(/npm run (?:-s )?genfleet --/g, cli);
      const env = { PATH, HOME, DATA_DIR: original.path, ...PROMPTS };
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here], {
        cwd: work,
        env,
      });
      expect(stdout).not.toMatch(/[1-9]\d* violation/);
      said.push(stdout);
    }
    expect(said.join('')).toContain(leftOver);
    for (const code of VIOLATION_CODES) expect(page).toContain(`\`${code}\``);
  });

  it('says what it does not understand', async () => {
    const env = { DATA_DIR: original.path };
    const file = join(copies.path, 'torn.jsonl');
    const [receipt] = receipts;
    await writeFile(file, `${JSON.stringify(receipt)}\n${JSON.stringify({ ...receipt, sha256: 'x' })}\n`);
    const words: [string[], RegExp][] = [
      [['--receipts', join(copies.path, 'none.jsonl')], /^not_found: ENOENT/],
      [['--receipts', file], /^invalid_message: .*torn\.jsonl:2: sha256: Invalid SHA-256/],
      [['--from', 'yesterday'], /a TIME is a date/],
      [['--receipts', file, '--from', '2026-01-01'], /either --receipts or a time range/],
      [['--kind', 'music'], /--kind is one of: txt2img, completion/],
      [['--artefacts=skip'], /Unknown option/],
    ];
    for (const [more, said] of words) {
      const { code, stderr } = await genfleet(env, ['verify', ...more]);
      expect({ more, code, stderr }).toEqual({ more, code: 2, stderr: expect.stringMatching(said) });
    }
  });

  it('stops at Ctrl-C, and says that nothing is proved', async () => {
    const waiting = join(copies.path, `receipts-${randomUUID()}`);
    await promisify(execFile)('mkfifo', [waiting]);
    // receipts that are still being written, by somebody who takes their time
    let child: ChildProcess | undefined;
    const words = ['verify', '--receipts', waiting];
    const ending = genfleet({ DATA_DIR: original.path }, words, (started) => {
      child = started;
    });
    // opens once the other end is read
    const writing = await open(waiting, 'w');
    child?.kill('SIGINT');
    const writer = setInterval(() => void writing.write('\n').catch(() => undefined), 50);
    const ended = await ending;
    clearInterval(writer);
    await writing.close();
    expect(ended).toMatchObject({ code: 130, stderr: 'interrupted: nothing is proved\n', stdout: '' });
  });
});

describe('genfleet verify, after something was done to the record', () => {
  beforeAll(async () => {
    // what is copied must not be written at the same time
    expect(await product.end('SIGTERM')).toBe(0);
  });

  it('finds nothing in a copy to which nothing was done', async () => {
    expect(await verifiedAfter(() => undefined)).toMatchObject({ code: 0, stderr: '' });
  });

  const found = (ended: Ended & { victim: CompletedEvent }) => ({
    code: ended.code,
    named: ended.stdout
      .split('\n')
      .filter((line) => line.includes(ended.victim.id))
      .map((line) => line.split(' ')[0]),
    others: Number(SUMMARY.exec(ended.stdout)?.[6]),
  });

  it('finds a request that is gone', async () => {
    const ended = await verifiedAfter((directory, { id }) =>
      changeMessage(directory, 'requested', id, () => undefined),
    );
    expect(found(ended)).toEqual({ code: 1, named: ['message_missing', 'request_missing'], others: 2 });
  });

  it('finds a request whose bytes were changed', async () => {
    const ended = await verifiedAfter((directory, { id }) =>
      changeMessage(directory, 'requested', id, (value) => value.replace('a red circle', 'a red square')),
    );
    expect(found(ended)).toEqual({ code: 1, named: ['message_changed'], others: 1 });
  });

  it('finds a message that was cut off', async () => {
    const ended = await verifiedAfter((directory, { id }) =>
      changeMessage(directory, 'completed', id, (value) => value.slice(0, -9)),
    );
    expect(found(ended)).toEqual({ code: 1, named: ['message_unreadable', 'job_lost'], others: 2 });
  });

  it('finds an outcome that is gone: its job is in no line any more', async () => {
    const ended = await verifiedAfter((directory, { id }) =>
      changeMessage(directory, 'completed', id, () => undefined),
    );
    expect(found(ended)).toEqual({ code: 1, named: ['job_lost'], others: 1 });
  });

  it('finds a claim that is gone', async () => {
    const ended = await verifiedAfter((directory, { id }) =>
      changeMessage(directory, 'started', id, () => undefined),
    );
    expect(found(ended)).toEqual({ code: 1, named: ['claim_missing'], others: 1 });
  });

  it('finds a second outcome that differs, and minds no repetition', async () => {
    const other = await verifiedAfter((directory, { id, kind, tenant, redrive }) => {
      const time = new Date(Date.now() + 3_600_000).toISOString();
      return publishEvent(directory, {
        type: 'cancelled',
        version: 1,
        id,
        kind,
        tenant,
        redrive,
        reason: 'late',
        time,
      });
    });
    expect(found(other)).toEqual({ code: 1, named: ['second_outcome'], others: 1 });
    const picture = await verifiedAfter((directory, victim) => {
      const artifacts = victim.artifacts.map((file) => ({ ...file, sha256: hash('sha256', 'other') }));
      return publishEvent(directory, { ...victim, artifacts } as CompletedEvent);
    });
    expect(found(picture)).toEqual({ code: 1, named: ['second_outcome'], others: 1 });
    const repeated = await verifiedAfter((directory, victim) => publishEvent(directory, victim));
    expect(repeated).toMatchObject({ code: 0, stdout: expect.stringContaining('1 repeat,') });
  });

  it.each([
    ['is gone', 'artifact_missing', (file: string) => rm(file)],
    ['was changed', 'artifact_changed', (file: string) => writeFile(file, 'not a picture')],
    ["can't be read", 'artifact_unreadable', (file: string) => rm(file).then(() => mkdir(file))],
  ])('finds an artifact that %s', async (_what, code, harm) => {
    const ended = await verifiedAfter(async (directory, { artifacts }) => {
      await harm(join(directory, 'artifacts', artifacts[0]?.key ?? ''));
    });
    expect(found(ended)).toEqual({ code: 1, named: [code], others: 1 });
  });

  it('calls prompts expired only where retention says so', async () => {
    const ended = await verifiedAfter(() => undefined, {});
    expect(ended.code).toBe(1);
    const texts = receipts.filter(({ kind }) => kind === 'completion');
    for (const { id } of texts) expect(ended.stdout).toContain(`message_missing completion ${id}`);
    expect(SUMMARY.exec(ended.stdout)?.slice(5, 7)).toEqual(['0', String(texts.length * 2)]);
  });
});
