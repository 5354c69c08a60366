import type { WorkerAnnouncement } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { ModelCatalogue } from './catalogue.ts';

const NOW_MS = Date.parse('2026-01-02T03:04:05.000Z');
const MINUTE_MS = 60_000;

function announcement(worker: string, more: Partial<WorkerAnnouncement> = {}, ageMs = 0): WorkerAnnouncement {
  const demo = { name: 'genfleet-demo', kind: 'txt2img' as const, demo: true };
  return {
    type: 'announced',
    worker,
    engine: 'embedded',
    models: [{ ...demo, aliases: ['v1-5-pruned-emaonly'], samplers: ['euler', 'ddim'] }],
    time: new Date(NOW_MS - ageMs).toISOString(),
    leaving: false,
    ...more,
  };
}

const catalogue = (...configured: string[]) => new ModelCatalogue(configured, () => NOW_MS);

describe('ModelCatalogue', () => {
  it('takes any model while none was announced or configured', () => {
    expect(catalogue().knows('DreamShaper_6', 'txt2img')).toBe(true);
  });

  it('knows configured models before a worker comes', () => {
    const known = catalogue('sdxl');
    expect([known.knows('sdxl', 'txt2img'), known.knows('other', 'txt2img')]).toEqual([true, false]);
  });

  it('knows models by name and alias, and resolves the alias', () => {
    const known = catalogue();
    known.apply(announcement('a'));
    expect(known.names('txt2img')).toEqual(['genfleet-demo', 'v1-5-pruned-emaonly']);
    expect(known.resolve('v1-5-pruned-emaonly')).toBe('genfleet-demo');
    expect(known.knows('DreamShaper_6', 'txt2img')).toBe(false);
    expect(known.samplers('v1-5-pruned-emaonly')).toEqual(['euler', 'ddim']);
  });

  it('counts workers that live: not those that left or fell silent', () => {
    const known = catalogue();
    known.apply(announcement('a'));
    known.apply(announcement('b', {}, MINUTE_MS));
    // killed: its last words failed to come twice
    known.apply(announcement('silent', {}, 1.5 * MINUTE_MS));
    known.apply(announcement('c'));
    known.apply(announcement('c', { leaving: true }));
    expect(known.workers('v1-5-pruned-emaonly')).toBe(2);
  });

  it('still takes jobs for a model whose workers all left', () => {
    const known = catalogue();
    known.apply(announcement('a'));
    known.apply(announcement('a', { leaving: true, models: [] }));
    expect(known.knows('genfleet-demo', 'txt2img')).toBe(true);
    expect(known.workers('genfleet-demo')).toBe(0);
  });

  it('drops what was said more than a day ago', () => {
    const known = catalogue();
    known.apply(announcement('old', {}, 25 * 60 * MINUTE_MS));
    known.apply(announcement('new', { models: [] }));
    expect(known.names('txt2img')).toEqual([]);
  });

  it('does not let an older word replace a newer one', () => {
    const known = catalogue();
    known.apply(announcement('a', { leaving: true }));
    known.apply(announcement('a', {}, MINUTE_MS));
    expect(known.workers('genfleet-demo')).toBe(0);
  });

  it('joins the samplers of two workers of one model', () => {
    const known = catalogue();
    known.apply(announcement('a'));
    const model = {
      name: 'genfleet-demo',
      kind: 'txt2img' as const,
      aliases: [],
      samplers: ['heun'],
      demo: true,
    };
    known.apply(announcement('b', { models: [model] }));
    expect(known.samplers('genfleet-demo')).toEqual(['euler', 'ddim', 'heun']);
    expect(known.models()).toHaveLength(1);
  });
});
