import { ModelCatalogue } from '@genfleet/catalogue';
import { describe, expect, it } from '@jest/globals';
import { checkImageRequest } from './request.ts';

const NOW_MS = Date.parse('2026-01-02T03:04:05.000Z');

function demoCatalogue() {
  const catalogue = new ModelCatalogue([], () => NOW_MS);
  const demo = { name: 'genfleet-demo', kind: 'txt2img' as const, demo: true };
  catalogue.apply({
    type: 'announced',
    worker: 'w',
    engine: 'embedded',
    models: [{ ...demo, aliases: ['v1-5-pruned-emaonly'], samplers: ['euler', 'ddim'] }],
    time: new Date(NOW_MS).toISOString(),
    leaving: false,
  });
  return catalogue;
}

const faultsOf = (body: unknown, catalogue = demoCatalogue()) => {
  const checked = checkImageRequest(body, catalogue, { isOn: false, allowPrivate: false });
  return checked.ok ? {} : Object.fromEntries(checked.faults.map(({ path, message }) => [path, message]));
};
const settings = (more: object) => ({ generation_settings: { prompt: 'A dog', ...more } });

describe('checkImageRequest', () => {
  it('takes the request of the seed, with the text that reads as a number', () => {
    const body = settings({ batch_size: '1', sampler_name: 'euler', model: 'v1-5-pruned-emaonly' });
    const checked = checkImageRequest(body, demoCatalogue(), { isOn: false, allowPrivate: false });
    expect(checked).toMatchObject({
      ok: true,
      request: { generation_settings: { batch_size: 1, model: 'v1-5-pruned-emaonly' } },
    });
  });

  it('names every fault at once, by its path', () => {
    const faults = faultsOf({
      generation_settings: {
        seed: -1,
        sampler_name: 'Euler a',
        batch_size: 'many',
        steps: 20.5,
        width: 513,
        height: 4_096,
        model: 'DreamShaper_6',
        colour: 'red',
      },
      metadata: { grouping: 1 },
      priority: 'urgent',
    });
    expect(Object.keys(faults).sort()).toEqual([
      'generation_settings.batch_size',
      'generation_settings.colour',
      'generation_settings.height',
      'generation_settings.model',
      'generation_settings.prompt',
      'generation_settings.sampler_name',
      'generation_settings.seed',
      'generation_settings.steps',
      'generation_settings.width',
      'metadata.grouping',
      'priority',
    ]);
    expect(faults['generation_settings.prompt']).toBe('required');
    expect(faults['generation_settings.colour']).toBe('unknown field');
    expect(faults['generation_settings.model']).toContain('genfleet-demo, v1-5-pruned-emaonly');
    expect(faults['generation_settings.sampler_name']).toContain('euler, ddim');
  });

  it.each([[null], [[]], ['text'], [7], [{}]])('finds the fault in %p', (body) => {
    expect(Object.keys(faultsOf(body))).toHaveLength(1);
  });

  it('refuses a webhook where none would be called, and one to this side of the edge', () => {
    const hook = (webhook_url: string, isOn: boolean, allowPrivate = false) => {
      const body = { ...settings({}), webhook_url };
      const checked = checkImageRequest(body, demoCatalogue(), { isOn, allowPrivate });
      return checked.ok ? [] : checked.faults.map(({ path }) => path);
    };
    expect(hook('https://example.org/hook', false)).toEqual(['webhook_url']);
    expect(hook('https://example.org/hook', true)).toEqual([]);
    expect(hook('http://127.0.0.1:9/hook', true)).toEqual(['webhook_url']);
    expect(hook('http://127.0.0.1:9/hook', true, true)).toEqual([]);
    expect(hook('no URL', true)).toEqual(['webhook_url']);
  });

  it('takes seeds up to 2^53−1 and none above', () => {
    expect(faultsOf(settings({ seed: Number.MAX_SAFE_INTEGER }))).toEqual({});
    expect(Object.keys(faultsOf(settings({ seed: 2 ** 53 })))).toEqual(['generation_settings.seed']);
    expect(Object.keys(faultsOf(settings({ seed: 0.5 })))).toEqual(['generation_settings.seed']);
  });

  it('knows the samplers of the API when no worker said its own', () => {
    const none = new ModelCatalogue([], () => NOW_MS);
    expect(faultsOf(settings({ sampler_name: 'heun', model: 'any' }), none)).toEqual({});
    expect(Object.keys(faultsOf(settings({ sampler_name: 'nope' }), none))).toEqual([
      'generation_settings.sampler_name',
    ]);
  });
});
