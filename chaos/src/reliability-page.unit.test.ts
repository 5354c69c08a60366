import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { EXPERIMENTS } from './experiments/index.ts';
import { MUTANTS } from './inside/mutants.ts';
import { POINTS } from './inside/points.ts';

const page = readFileSync(new URL('../../docs/reliability.md', import.meta.url), 'utf8');
const rows = (heading: string) =>
  [
    ...(page.split(`\n## ${heading}`)[1]?.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \| (.*?) \|/gm),
  ].map(([, name, said]) => [name, said]);

describe('docs/reliability.md', () => {
  it('has every point, as it is said here', () => {
    expect(rows('Points')).toEqual(Object.entries(POINTS));
  });

  it('has every experiment, as it is said here', () => {
    expect(rows('Experiments')).toEqual(EXPERIMENTS.map(({ name, injects }) => [name, injects]));
  });

  it('has every mutant, and each is to be noticed by an experiment that there is', () => {
    expect(rows('The oracles')).toEqual(Object.entries(MUTANTS).map(([name, { about }]) => [name, about]));
    const names = EXPERIMENTS.map(({ name }) => name);
    for (const { caughtBy } of Object.values(MUTANTS)) expect(names).toContain(caughtBy);
  });
});

describe('the experiments', () => {
  it('have names of their own, and play somewhere', () => {
    const names = EXPERIMENTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { on, shortOn = [] } of EXPERIMENTS) {
      expect(on.length).toBeGreaterThan(0);
      for (const stage of shortOn) expect(on).toContain(stage);
    }
  });
});
