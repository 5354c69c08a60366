import { ON_TIME, SOUND, type Threshold } from './threshold.ts';

export const THRESHOLDS: readonly Threshold[] = [
  ...SOUND,
  ON_TIME,
  {
    metric: 'time_to_image{tenant:artists}',
    must: 'p(95)<5000',
    because: 'small jobs of one tenant do not wait behind all the large ones of another',
    timed: true,
  },
  {
    metric: 'suggestion_time',
    must: 'p(95)<2000',
    because: 'text has engine and queue of its own: images do not stand in its way',
    timed: true,
  },
  {
    metric: 'time_to_image{tenant:studio}',
    must: 'p(95)<60000',
    because: 'who has much in line has their share of the fleet like others',
    timed: true,
  },
];
