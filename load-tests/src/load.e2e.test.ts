import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dataFolder, type Product, startProduct } from '../../services/all-in-one/test/product.ts';
import { genfleet } from '../../services/all-in-one/test/services.ts';
import { MissingError } from '../../tools/provision/script.ts';
import { SCENARIOS, type ScenarioName } from '../shapes.ts';
import { findK6 } from './find-k6.ts';

/** A smoke of each scenario, through the command and against the real product. */

const MINUTES_MS = 5 * 60_000;
const OWN_PRODUCT: ScenarioName = 'bursts';
const ROOT = new URL('../..', import.meta.url).pathname;

const missing = await findK6().then(
  () => undefined,
  (error: Error) => {
    if (!(error instanceof MissingError) || process.env['CI'] === 'true') throw error;
    return error.message;
  },
);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What is left in the run's folder. */
  readonly folder: string;
}

function load(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  reports: string,
  meanwhile: (child: ChildProcess) => void = () => undefined,
): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'load-tests/src/main.ts', ...words, '--reports', reports],
    { cwd: ROOT, env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (text: Buffer) => {
      written[name] += text.toString();
    });
  }
  meanwhile(child);
  return new Promise((resolve) =>
    child.once('close', (code) => {
      const folder = existsSync(reports) ? readdirSync(reports).toSorted().at(-1) : undefined;
      resolve({ code, ...written, folder: join(reports, folder ?? '') });
    }),
  );
}

(missing ? describe.skip : describe)(`npm run load${missing ? ` (${missing})` : ''}`, () => {
  const state = dataFolder();
  const reports = dataFolder();
  const receipts = join(reports.path, 'receipts.jsonl');
  let product: Product;
  let ownProduct: Promise<Ended>;
  const at = (name: string) => join(reports.path, name);
  const smoke = (name: string, ...words: string[]) =>
    load([...words, '--smoke'], { BASE_URL: product.url }, at(name));

  beforeAll(async () => {
    ownProduct = load([OWN_PRODUCT, '--smoke'], {}, at(OWN_PRODUCT));
    product = await startProduct(state.path, { LOG_LEVEL: 'warn' });
  }, MINUTES_MS);
  afterAll(async () => {
    await ownProduct;
    await product?.end('SIGINT');
    for (const folder of [state, reports]) folder.remove();
  }, MINUTES_MS);

  it.each(SCENARIOS.filter((name) => name !== OWN_PRODUCT))(
    'runs %s, and leaves a report that needs no other file',
    async (name) => {
      const { code, stdout, stderr, folder } = await smoke(name, name);
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
      expect(stdout).toMatch(/^✓ checks rate==1 +1 /m);
      expect(stdout).toMatch(/ 0 failed/);
      const report = readFileSync(join(folder, 'report.html'), 'utf8');
      expect(report).toContain('k6 report');
      expect(report).not.toMatch(/(?:src|href)="?https?:/);
      const summary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      expect(summary).toMatchObject({
        scenario: name,
        smoke: true,
        watched: { residentMb: expect.any(Number) },
      });
      const kept = join(folder, 'receipts.jsonl');
      if (existsSync(kept)) appendFileSync(receipts, readFileSync(kept));
    },
    MINUTES_MS,
  );

  it(
    'was promised what the ledger holds',
    async () => {
      const verified = await genfleet({ DATA_DIR: state.path }, ['verify', '--receipts', receipts]);
      expect(verified.code).toBe(0);
      expect(verified.stdout).toMatch(/0 violations/);
    },
    MINUTES_MS,
  );

  it(
    `starts the product for ${OWN_PRODUCT}, comes back to a full queue, and loses nothing`,
    async () => {
      const { code, stdout, stderr } = await ownProduct;
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
      expect(stdout).toMatch(/queue full [1-9]/);
      expect(stdout).toMatch(/promised 42/);
      expect(stdout).toMatch(/verified 42 jobs \(42 receipts, .*; 0 violations/);
    },
    MINUTES_MS,
  );

  it(
    'says which threshold was missed, and ends as k6 does',
    async () => {
      const words = ['--duration', '1s', '--threshold', 'http_req_duration:p(95)<0'];
      const { code, stderr } = await smoke('missed', 'arrivals', ...words);
      expect(code).toBe(99);
      expect(stderr).toMatch(/^missed: http_req_duration p\(95\)<0 \([\d.]+ m?s\)$/m);
    },
    MINUTES_MS,
  );

  it(
    'takes no wrong answer for a right one',
    async () => {
      const impostor = createServer(({ url }, res) => {
        res.statusCode = url === '/health/' ? 200 : 500;
        res.end('not today');
      });
      await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
      const { port } = impostor.address() as AddressInfo;
      const env = { BASE_URL: `http://127.0.0.1:${port}` };
      const { code, stdout, stderr } = await load(['user', '--smoke'], env, at('impostor'));
      impostor.closeAllConnections();
      impostor.close();
      expect(code).toBe(99);
      expect(stderr).toMatch(/^missed: http_req_failed rate==0 \(1\)$/m);
      expect(stderr).toMatch(/^missed: checks rate==1 /m);
      expect(stdout).toMatch(/× post image: 500 not today/);
    },
    MINUTES_MS,
  );

  it(
    'ends all of it at Ctrl-C',
    async () => {
      const interrupt = (child: ChildProcess) => {
        child.stdout?.once('data', () => setTimeout(() => child.kill('SIGINT'), 1_000));
      };
      const words = ['streaming', '--duration', '10m'];
      const { code, stderr } = await load(words, { BASE_URL: product.url }, at('interrupted'), interrupt);
      expect(code).toBe(130);
      expect(stderr).toContain('interrupted');
    },
    MINUTES_MS,
  );

  it.each([
    [['nope'], {}, 2, /^load: there is no scenario nope; it is one of: .*\n$/],
    [
      ['user'],
      { BASE_URL: 'http://127.0.0.1:9' },
      1,
      /^load: nothing answers at http:\/\/127\.0\.0\.1:9: .*\n$/,
    ],
    [['user'], { BASE_URL: 'localhost' }, 1, /^load: BASE_URL is an address like .*\n$/],
  ])('says in a line what is wrong with %j and %j', async (words, env, wanted, said) => {
    const { code, stdout, stderr } = await load(words, env, at('refused'));
    expect({ code, stdout }).toEqual({ code: wanted, stdout: '' });
    expect(stderr).toMatch(said);
  });
});
