import type { Image, ImageStatus } from '@genfleet/client';
import { describe, expect, it } from '@jest/globals';
import { MAX_STREAMS, newer, newestFirst, worthStreaming } from './merge.ts';

const image = (id: string, status: ImageStatus, redrive = 0): Image => ({
  id,
  status,
  redrive,
  metadata: {},
  priority: 'normal',
  request_time: '2026-01-01T00:00:00Z',
  complete_time: null,
  generation_settings: {
    prompt: 'x',
    negative_prompt: '',
    seed: 1,
    sampler_name: 'euler',
    batch_size: 1,
    n_iters: 1,
    steps: 5,
    cfg_scale: 7,
    width: 64,
    height: 64,
    model: 'm',
  },
  image_url: null,
  image_urls: [],
  model: null,
  attempt: 1,
  failures: [],
  deadline: null,
  queue: null,
  progress: null,
  timings: null,
  error: null,
  cancelled: null,
});

describe('newer', () => {
  it('takes what is read last while the job is under way', () => {
    expect(newer(image('a', 'queued'), image('a', 'running')).status).toBe('running');
    expect(newer(image('a', 'running'), image('a', 'queued')).status).toBe('queued');
  });

  it('does not take back an end for an answer that comes late', () => {
    expect(newer(image('a', 'completed'), image('a', 'running')).status).toBe('completed');
  });

  it('knows a later life of the job whatever it looked like before', () => {
    expect(newer(image('a', 'dead'), image('a', 'queued', 1)).status).toBe('queued');
    expect(newer(image('a', 'queued', 1), image('a', 'dead')).status).toBe('queued');
  });
});

describe('newestFirst', () => {
  it('sorts by the time in the ids', () => {
    expect(
      newestFirst([image('a', 'queued'), image('c', 'queued'), image('b', 'queued')]).map(({ id }) => id),
    ).toEqual(['c', 'b', 'a']);
  });
});

describe('worthStreaming', () => {
  const all = [
    image('a', 'completed'),
    image('b', 'queued'),
    image('c', 'running'),
    image('d', 'queued'),
    image('e', 'retrying'),
  ];

  it('prefers the job that is looked at, then what runs, then the oldest', () => {
    expect(worthStreaming(all, 'd')).toEqual(['d', 'c']);
    expect(worthStreaming(all, undefined)).toEqual(['c', 'b']);
  });

  it('never takes more than its share of connections, nor jobs that ended', () => {
    expect(worthStreaming(all, 'a')).toHaveLength(MAX_STREAMS);
    expect(worthStreaming([image('a', 'completed'), image('b', 'dead')], 'a')).toEqual([]);
  });
});
