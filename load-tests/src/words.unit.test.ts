import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { planOf, SCENARIOS } from '../shapes.ts';
import { readLoadWords } from './words.ts';

const DOCS = ['docs/operations/load-tests.md', 'docs/performance.md'].map(
  (path) => new URL(`../../${path}`, import.meta.url),
);
const read = (line: string) => readLoadWords(line.split(' ').filter(Boolean));

describe('the words of npm run load', () => {
  it.each(SCENARIOS)('know %s, with a shape of its own', (scenario) => {
    const { full, smoke } = planOf(scenario);
    expect(read(scenario)).toMatchObject({ scenario, shape: full, smoke: false, thresholds: [] });
    expect(read(`${scenario} --smoke`)).toMatchObject({ shape: smoke, smoke: true });
  });

  it('shape the load', () => {
    expect(read('bursts --duration 1.5m --rate 2.5 --vus 7')).toMatchObject({
      shape: { durationSeconds: 90, rate: 2.5, vus: 7 },
    });
    expect(
      read('arrivals --threshold time_to_image:p(99.9)<=80 --threshold late{step:2}:rate<0.1'),
    ).toMatchObject({
      thresholds: [
        { metric: 'time_to_image', must: 'p(99.9)<=80' },
        { metric: 'late{step:2}', must: 'rate<0.1' },
      ],
    });
  });

  it.each([
    ['', 'which scenario?'],
    ['nope', 'no scenario nope; it is one of: user,'],
    ['constructor', 'no scenario constructor'],
    ['user soak', 'soak is one too many'],
    ['user --rate 3', 'takes no --rate'],
    ['soak --vus 3', 'takes no --vus'],
    ['user --duration 30', '--duration is a time like 30s'],
    ['user --duration 0s', '--duration is a time like 30s'],
    ['user --duration -1s', '--duration'],
    ['arrivals --rate 0', '--rate is'],
    ['arrivals --rate fast', '--rate is'],
    ['user --vus 0', '--vus is'],
    ['user --vus 2.5', '--vus is'],
    ['user --threshold p(95)<3', '--threshold is METRIC:EXPRESSION'],
    ['user --threshold checks:rate', '--threshold is METRIC:EXPRESSION'],
    ['user --fast', '--fast'],
  ])('say in one line what is wrong with %j', (line, said) => {
    const fault = read(line);
    expect(fault).toContain(said);
    expect(String(fault).split('\n')).toHaveLength(1);
  });

  it('are those of the documentation', () => {
    const lines = DOCS.flatMap((path) => [
      ...readFileSync(path, 'utf8').matchAll(/npm run load -- ([a-z][^`\n#|]+)/g),
    ]);
    expect(lines.length).toBeGreaterThan(4);
    for (const [, line = ''] of lines) expect(read(line.replaceAll("'", ''))).toHaveProperty('scenario');
  });
});
