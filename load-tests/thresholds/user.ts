import { SOUND, type Threshold } from './threshold.ts';

export const THRESHOLDS: readonly Threshold[] = [
  ...SOUND,
  {
    metric: 'total_time_for_image_generation',
    must: 'p(95)<5000',
    because: 'ten people share one worker; polls alone round each time up to a whole second',
    timed: true,
  },
  {
    metric: 'http_req_duration{name:post image}',
    must: 'p(95)<100',
    because: 'a person does not feel it',
    timed: true,
  },
  {
    metric: 'http_req_duration{name:poll image}',
    must: 'p(95)<50',
    because: 'a poll is one indexed read, whatever the engine does meanwhile',
    timed: true,
  },
];
