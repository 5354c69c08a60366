import { ON_TIME, SOUND, type Threshold } from './threshold.ts';

export const THRESHOLDS: readonly Threshold[] = [
  ...SOUND,
  ON_TIME,
  {
    metric: 'http_req_duration{name:post image}',
    must: 'p(99)<100',
    because: 'admission is one durable publish, which arrivals at the same time share',
    timed: true,
  },
  {
    metric: 'time_to_image',
    must: 'p(95)<2000',
    because: 'the rate is below what one worker with the demo model makes, so nobody waits long in line',
    timed: true,
  },
];
