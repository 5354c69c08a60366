import { execFile } from 'node:child_process';
import { describe, expect, jest, test } from '@jest/globals';

const MAIN = new URL('main.ts', import.meta.url).pathname;
const SCHEDULES = 150;
/** Of which one at least makes a mutant break a promise. */
const SEEDS = 40;

// on a machine that is busy with other things
jest.setTimeout(300_000);

interface Said {
  readonly code: number;
  readonly text: string;
}

/** In a process of its own: the simulation puts virtual time behind every clock of its process. */
function simulate(...options: string[]): Promise<Said> {
  const args = ['--disable-warning=ExperimentalWarning', MAIN, ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, text: stdout + stderr }),
    );
  });
}

/** What happened, without how long it took. */
const table = ({ text }: Said) => text.split('\n').slice(1).join('\n');

describe('simulation', () => {
  test('no promise is broken in any schedule, and what happens depends on the seeds alone', async () => {
    const said = await simulate('--schedules', String(SCHEDULES), '--threads', '2');
    const [, jobs] = /^\d+ schedules with (\d+) jobs/.exec(said.text) ?? [];
    expect(Number(jobs)).toBeGreaterThan(5 * SCHEDULES);
    expect(said).toMatchObject({ code: 0 });
    expect(table(await simulate('--schedules', String(SCHEDULES), '--threads', '1'))).toBe(table(said));
  });

  test('a seed tells the same story again, byte for byte, and a failed one names how to see it', async () => {
    // which seeds are unlucky changes with the order in which the product does things
    let seed = 1;
    const tell = () => simulate('--seed', String(seed), '--mutant', 'first-read-wins');
    let first = await tell();
    for (; first.code === 0 && seed < SEEDS; first = await tell()) seed += 1;
    expect(first.text).toContain('ORACLE');
    expect(first.text).toContain(`again: npm run simulate -- --seed ${seed} `);
    expect(first.code).toBe(1);
    expect((await tell()).text).toBe(first.text);
  });

  test('every mutant is noticed', async () => {
    const { code, text } = await simulate('--mutants');
    expect(text).not.toContain('SURVIVED');
    expect(text.match(/caught after/g)?.length).toBeGreaterThan(8);
    expect(code).toBe(0);
  });
});
