import { ON_TIME, SOUND, type Threshold } from './threshold.ts';

export const THRESHOLDS: readonly Threshold[] = [
  ...SOUND,
  ON_TIME,
  {
    metric: 'memory_drift',
    must: 'value<1.3',
    because: 'live objects are bounded, so the last third needs about what the second did; a heap breathes',
    timed: true,
  },
  {
    metric: 'latency_drift',
    must: 'value<2',
    because:
      'an answer does not take longer because more jobs were answered before; means of some minutes wander',
    timed: true,
  },
  {
    metric: 'time_to_image',
    must: 'p(99)<5000',
    because: 'nothing comes due now and then that holds everything up',
    timed: true,
  },
];
