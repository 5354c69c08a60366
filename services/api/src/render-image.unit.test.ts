import { imageSchema } from '@genfleet/client/contract';
import { describe, expect, it } from '@jest/globals';
import { cancelled, completed, dead, failed, ID, requested, started, stateOf } from '../test/job-events.ts';
import { renderImage } from './render-image.ts';

const ctx = {
  urlOf: async (key: string) => `http://x/${key}`,
  read: async () => Buffer.from(''),
  queueOf: () => null,
  stepOf: () => null,
};
const first = requested();
const second = failed(first, 1);

describe('renderImage', () => {
  it.each([
    [
      'queued',
      stateOf(first),
      { image_url: null, image_urls: [], complete_time: null, attempt: 0, model: null },
    ],
    ['running', stateOf(first, started(first, 1)), { attempt: 1, model: 'm' }],
    [
      'retrying',
      stateOf(first, started(first, 1), second),
      { attempt: 1, failures: [{ attempt: 1, code: 'engine_failed' }] },
    ],
    [
      'completed',
      stateOf(first, completed(first, 1)),
      { image_url: `http://x/${ID}.jpg`, attempt: 1, timings: { store_ms: 3 } },
    ],
    ['dead', stateOf(first, dead(second)), { error: { code: 'engine_failed' }, failures: [{ attempt: 1 }] }],
    ['cancelled', stateOf(first, cancelled(first)), { cancelled: { reason: 'enough' }, error: null }],
  ] as const)('renders a %s job as the contract has it', async (status, state, expected) => {
    const image = await renderImage(state, ctx);
    expect(image).toMatchObject({ id: ID, status, ...expected });
    expect(imageSchema.parse(image)).toEqual(image);
  });

  it('echoes settings and metadata as the ledger has them', async () => {
    const image = await renderImage(stateOf(first), ctx);
    expect(image.generation_settings).toEqual(first.settings);
    expect(Object.keys(image.generation_settings)).not.toContain('format');
  });
});
