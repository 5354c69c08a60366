import { SOUND, type Threshold } from './threshold.ts';

export const THRESHOLDS: readonly Threshold[] = [
  ...SOUND,
  {
    metric: 'broken_streams',
    must: 'count==0',
    because: 'each stream ends in [DONE] and says how many tokens it had',
  },
  {
    metric: 'time_to_first_chunk',
    must: 'p(95)<1000',
    because: 'who waits for code looks away after a second',
    timed: true,
  },
  {
    metric: 'time_between_chunks',
    must: 'p(95)<100',
    because: 'ten tokens a second is as fast as one reads',
    timed: true,
  },
];
