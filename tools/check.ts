/**
 * What `npm test` runs: `node tools/check.ts [lint|unit|int|e2e …]`, all of it without arguments.
 * Stops at the first part that fails, and ends with one line that counts the tests.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const bin = (name: string) => join(root, 'node_modules/.bin', name);

/** How the contract suites mark what an adapter can't have, with the reason behind it. */
const DECLARED = '(not here: ';

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const LINT: readonly Step[] = [
  { name: 'format and lint', command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: bin('tsc'), args: ['--noEmit', '-p', 'tsconfig.json'] },
  { name: 'types of the page', command: bin('tsc'), args: ['--noEmit', '-p', 'services/web/tsconfig.json'] },
  {
    name: 'types of the load tests',
    command: bin('tsc'),
    args: ['--noEmit', '-p', 'load-tests/tsconfig.json'],
  },
  { name: 'import rules', command: process.execPath, args: ['tools/check-imports.ts'] },
  { name: 'unused exports', command: bin('knip'), args: ['--no-progress', '--no-config-hints'] },
];

function run(step: Step): void {
  const startMs = performance.now();
  process.stdout.write(`\n▸ ${step.name}\n`);
  const { status, error } = spawnSync(step.command, step.args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) {
    console.error(`✗ ${step.name} failed`);
    process.exit(status ?? 1);
  }
  console.log(`✓ ${step.name} (${((performance.now() - startMs) / 1_000).toFixed(1)} s)`);
}

interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs the Jest projects named and prints what was skipped; the reasons stand in the names of the tests. */
function runTests(projects: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'genfleet-check-'));
  const outputFile = join(folder, 'jest.json');
  const { status } = spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--json',
      `--outputFile=${outputFile}`,
      '--selectProjects',
      ...projects,
    ],
    // the JSON goes to the file and, without this, to standard output as well
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const result = JSON.parse(readFileSync(outputFile, 'utf8')) as JestResult;
  rmSync(folder, { recursive: true, force: true });
  const skipped = result.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter((test) => test.status === 'pending').map((test) => test.fullName),
  );
  for (const name of skipped) console.log(`skipped: ${name}`);
  const { numPassedTests, numFailedTests, numPendingTests } = result;
  const unexplained = skipped.filter((name) => !name.includes(DECLARED));
  if (process.env['CI'] && unexplained.length > 0) {
    console.error('In CI nothing may be skipped but what an adapter declares that it can not have.');
    process.exitCode = 1;
  }
  console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
  if (status !== 0) process.exit(status ?? 1);
}

const asked = process.argv.slice(2);
const everything = asked.length === 0;
if (everything || asked.includes('lint')) for (const step of LINT) run(step);
const projects = ['unit', 'int', 'e2e'].filter((kind) => everything || asked.includes(kind));
if (projects.length > 0) runTests(projects);
