import { describe, expect, it } from '@jest/globals';
import { draftFrom, draftOf, FRESH, requestOf, withNewSeed } from './draft.ts';

const settings = {
  prompt: 'a red circle',
  negative_prompt: 'blue',
  seed: 42,
  sampler_name: 'heun',
  batch_size: 2,
  n_iters: 1,
  steps: 5,
  cfg_scale: 7.5,
  width: 512,
  height: 256,
  model: 'genfleet-demo',
} as const;

describe('requestOf', () => {
  it('leaves empty fields to the server and sends numbers as numbers', () => {
    const { generation_settings } = requestOf({ ...FRESH, prompt: ' a dog ', steps: '5', cfg_scale: '7.5' });
    expect(generation_settings).toEqual({
      prompt: 'a dog',
      sampler_name: 'euler',
      steps: 5,
      cfg_scale: 7.5,
      width: 512,
      height: 512,
      batch_size: 1,
      format: 'jpeg',
    });
  });

  it('sends an empty prompt, so that the server can say that there is none', () => {
    expect(requestOf(FRESH).generation_settings.prompt).toBe('');
  });

  it.each(['many', '1e3', '9007199254740993', '07'])('sends %s as it was typed', (seed) => {
    expect(requestOf({ ...FRESH, seed }).generation_settings.seed).toBe(seed);
  });

  it('asks for the same picture again with the draft of its settings', () => {
    const { n_iters: _one, ...own } = settings;
    expect(requestOf({ ...FRESH, ...draftOf(settings) }).generation_settings).toEqual({
      ...own,
      format: 'jpeg',
    });
  });
});

describe('a priority', () => {
  it('is sent beside the settings, unless it is that of every job', () => {
    expect(requestOf({ ...FRESH, prompt: 'a dog' })).not.toHaveProperty('priority');
    const high = requestOf({ ...FRESH, prompt: 'a dog', priority: 'high' });
    expect(high.priority).toBe('high');
    expect(high.generation_settings).not.toHaveProperty('priority');
  });
});

describe('withNewSeed', () => {
  it('keeps everything but the seed', () => {
    const { seed: _seed, ...rest } = settings;
    expect(withNewSeed({ generation_settings: settings, priority: 'normal' })).toEqual({
      generation_settings: rest,
    });
    expect(withNewSeed({ generation_settings: settings, priority: 'low' }).priority).toBe('low');
  });
});

describe('draftFrom', () => {
  it.each([null, 'text', 7])('is fresh when %s was stored', (stored) => {
    expect(draftFrom(stored)).toEqual(FRESH);
  });

  it('takes texts of fields there are and nothing else', () => {
    expect(draftFrom({ prompt: 'a dog', steps: 9, toString: 'x', other: 'y' })).toEqual({
      ...FRESH,
      prompt: 'a dog',
    });
  });
});
