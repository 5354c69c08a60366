import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { SAMPLER_TABLE } from './samplers.ts';
import { Schedule } from './schedule.ts';
import { Tokenizer } from './tokenizer.ts';

const json = (name: string) => JSON.parse(readFileSync(new URL(`../model/${name}`, import.meta.url), 'utf8'));

interface Reference {
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly steps: number;
  readonly input_ids: { readonly prompt: number[]; readonly negative: number[] };
  readonly samplers: Readonly<Record<string, { readonly timesteps: number[]; readonly latents: number[] }>>;
}
const reference = json('reference.json') as Reference;

/** Root mean square of the difference, over that of the expected values. */
function relativeError(actual: readonly number[], expected: readonly number[]): number {
  const square = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(square(expected.map((value, i) => value - (actual[i] ?? Number.NaN))) / square(expected));
}

describe('the embedded engine beside Diffusers, number by number', () => {
  let latents: Record<string, number[]>;

  beforeAll(() => {
    const script = fileURLToPath(new URL('../test/print-latents.ts', import.meta.url));
    const args = ['--disable-warning=ExperimentalWarning', script];
    latents = JSON.parse(execFileSync(process.execPath, args, { maxBuffer: 2 ** 26 }).toString());
  }, 120_000);

  it('splits prompts into the same tokens', () => {
    const tokenizer = new Tokenizer(json('tokenizer.json'));
    expect(tokenizer.encode(reference.prompt)).toEqual(reference.input_ids.prompt);
    expect(tokenizer.encode(reference.negative_prompt)).toEqual(reference.input_ids.negative);
  });

  it.each(['euler', 'ddim', 'dpmpp_2m'])('places the timesteps of %s as it does', (name) => {
    const schedule = new Schedule(json('scheduler.json'));
    const timesteps = schedule.timesteps(reference.steps, name === 'dpmpp_2m');
    expect(timesteps).toEqual(reference.samplers[name]?.timesteps);
  });

  it.each(Object.keys(SAMPLER_TABLE))('ends on the same latents with %s', (name) => {
    const expected = reference.samplers[name]?.latents ?? [];
    expect(expected.length).toBeGreaterThan(0);
    expect(relativeError(latents[name] ?? [], expected)).toBeLessThan(2e-3);
  });
});
