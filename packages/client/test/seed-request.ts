import type { NewImage } from '@genfleet/client';

/** The request of the seed's own black-box test, every setting given; the prompt is one whose picture can be checked. */
export const SEED_REQUEST = {
  generation_settings: {
    prompt: 'a red circle above a blue square on a white background',
    negative_prompt: '',
    seed: 42,
    sampler_name: 'euler',
    batch_size: 1,
    n_iters: 1,
    steps: 5,
    cfg_scale: 7.0,
    width: 512,
    height: 512,
    model: 'v1-5-pruned-emaonly',
  },
  metadata: { grouping: 'test/grouping' },
} as const satisfies NewImage;
