import { SOUND, type Threshold } from './threshold.ts';

export const THRESHOLDS: readonly Threshold[] = [
  ...SOUND,
  {
    metric: 'given_up',
    must: 'count==0',
    because: 'who comes back when Retry-After says so gets in before the run ends',
  },
  {
    metric: 'ended_badly',
    must: 'count==0',
    because: 'a job that waited in a long line is made like any other',
  },
  {
    metric: 'drained',
    must: 'rate==1',
    because: 'every image that was posted is made before the run ends, or some were lost',
  },
  {
    metric: 'http_req_duration{name:post image}',
    must: 'p(95)<1000',
    because: 'a burst is answered at once, with a promise or with a time to come back',
    timed: true,
  },
];
