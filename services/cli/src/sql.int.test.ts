import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBus } from '@genfleet/adapters';
import { fleetTopics } from '@genfleet/bus';
import { readConfig } from '@genfleet/config';
import { encodeEvent } from '@genfleet/job';
import { NAMED_QUERIES } from '@genfleet/ledger';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const MAIN = join(import.meta.dirname, 'main.ts');
const directory = mkdtempSync(join(tmpdir(), 'genfleet-sql-'));
const env = { DATA_DIR: directory };

beforeAll(async () => {
  const bus = await openBus(readConfig(env));
  await bus.ensureTopics(fleetTopics());
  for (const { topic, event } of FIXED_LEDGER) {
    await (await bus.producer(topic)).send({ key: event.id, value: encodeEvent(event) });
  }
  await bus.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function sqlOf(words: readonly string[], { input = '', more = {} }: { input?: string; more?: object } = {}) {
  const { PATH = '', HOME = '' } = process.env;
  const args = ['--disable-warning=ExperimentalWarning', MAIN, 'sql', ...words];
  return spawnSync(process.execPath, args, { env: { PATH, HOME, ...env, ...more }, encoding: 'utf8', input });
}

describe('genfleet sql', () => {
  it('prints a table, and how long it took', () => {
    const asked = sqlOf([
      `select tenant, count(*) as jobs, max(element_at(metadata, 'grouping')) as "group"
       from requested_txt2img_generation where attempt = 1 and id < '019ca948' group by tenant order by tenant`,
    ]);
    expect(asked).toMatchObject({ status: 0, stderr: '' });
    const [names, rule, first, second, , took] = asked.stdout.split('\n');
    expect(names).toBe('tenant  jobs  group');
    expect(rule).toBe('──────  ────  ─────────────');
    expect(first).toBe('team-a     2  night "watch"');
    expect(second).toBe('team-b     2  day');
    expect(took).toMatch(/^2 rows in \d+\.\d\d s$/);
  });

  it('prints JSON and CSV, of a query that comes in', () => {
    const input = "select 'a,b' as x, null as n, map(array['k'], array['v']) as m;\n";
    const json = sqlOf(['-', '--json'], { input });
    expect(JSON.parse(json.stdout)).toMatchObject({
      columns: [{ name: 'x' }, { name: 'n' }, { name: 'm', type: 'map(varchar, varchar)' }],
      rows: [['a,b', null, { k: 'v' }]],
      truncated: false,
    });
    const csv = sqlOf(['-', '--csv'], { input });
    expect(csv).toMatchObject({ status: 0, stdout: 'x,n,m\n"a,b",,"{""k"":""v""}"\n', stderr: '' });
  });

  it('leaves out rows and says so', () => {
    const asked = sqlOf([
      'select x from (values (1), (2), (3)) as v(x) order by x',
      '--csv',
      '--max-rows',
      '2',
    ]);
    expect(asked.stdout).toBe('x\n1\n2\n');
    expect(asked.stderr).toMatch(/^2 rows in .* there are more, see --max-rows\n$/);
  });

  it.each(NAMED_QUERIES.map(({ name }) => name))('knows the named query %s', (name) => {
    const job = FIXED_LEDGER[0]?.event.id ?? '';
    const asked = sqlOf(['--named', name, ...(name === 'job-history' ? ['--job', job] : []), '--json']);
    expect(asked).toMatchObject({ status: 0, stderr: '' });
    expect((JSON.parse(asked.stdout) as { rows: unknown[] }).rows.length).toBeGreaterThan(0);
  });

  it('asks only about what came later', () => {
    const asked = sqlOf(['--named', 'throughput', '--since', '2100-01-01', '--csv']);
    expect(asked).toMatchObject({ status: 0, stdout: 'hour,kind,jobs\n' });
  });

  it('says what is wrong, and ends with 1', () => {
    expect(sqlOf(['select 1\n+ nothing'])).toMatchObject({
      ...{ status: 1, stdout: '' },
      stderr: expect.stringMatching(/^invalid_query: line 2, column 3: .*nothing/),
    });
    expect(sqlOf(['select * from nowhere']).stderr).toMatch(
      /There is no table nowhere. There are: requested_/,
    );
    expect(sqlOf(['drop table completed_txt2img_generation']).stderr).toMatch(/read-only/);
    expect(sqlOf(['--named', 'no-such']).stderr).toMatch(/^invalid_query: .*There are: throughput, /);
    expect(sqlOf(['--named', 'throughput', '--since', 'noon'])).toMatchObject({ status: 1 });
    const endless = 'select count(*) from range(1000000000000) as r(x) where sin(x) > 2';
    expect(sqlOf([endless, '--timeout', '1']).stderr).toMatch(/^query_timeout: .*1 seconds/);
    const fleet = { BUS_URL: 'pulsar+ws://127.0.0.1:9' };
    expect(sqlOf(['select 1'], { more: fleet }).stderr).toMatch(
      /^invalid_configuration: LEDGER_URL is not set/,
    );
  });

  it.each([
    [[]],
    [['select 1', 'select 2']],
    [['select 1', '--named', 'throughput']],
    [['select 1', '--since', '2026-01-01']],
    [['select 1', '--json', '--csv']],
    [['select 1', '--max-rows', '0']],
    [['select 1', '--timeout', 'long']],
    [['select 1', '--tables']],
  ])('does not guess at %j', (words) => {
    const asked = sqlOf(words);
    expect(asked).toMatchObject({ status: 2, stdout: '' });
    expect(asked.stderr).toContain('genfleet sql QUERY');
  });
});
