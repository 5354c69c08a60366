import type { ProgressEvent } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { ID } from '../../test/job-events.ts';
import { ProgressFeed } from './progress-feed.ts';

const step = (id: string, n: number): ProgressEvent => ({
  type: 'progress',
  id,
  redrive: 0,
  attempt: 1,
  step: n,
  steps: 9,
  preview: 'data:image/jpeg;base64,AAAA',
});

describe('ProgressFeed', () => {
  it('tells the listeners of the job, until they leave', () => {
    const feed = new ProgressFeed();
    const leaving = new AbortController();
    const seen: number[] = [];
    feed.onProgress(ID, (progress) => seen.push(progress.step), leaving.signal);
    feed.apply(step(ID, 1));
    feed.apply(step('another', 7));
    leaving.abort();
    feed.apply(step(ID, 2));
    expect(seen).toEqual([1]);
  });

  it('remembers the last step without its picture, of a bounded number of jobs', () => {
    const feed = new ProgressFeed();
    feed.apply(step(ID, 3));
    expect(feed.latest(ID)).toEqual({ redrive: 0, attempt: 1, step: 3, steps: 9 });
    for (let index = 0; index < 2_000; index += 1) feed.apply(step(String(index), 1));
    expect(feed.latest(ID)).toBeUndefined();
    expect(feed.latest('1999')).toBeDefined();
  });
});
