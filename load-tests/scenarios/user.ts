import { sleep } from 'k6';
import { Trend } from 'k6/metrics';
import { shapeOf } from '../k6/asked.ts';
import { expectCompleted, LAST_JOBS_SECONDS, pollImage, postImage, seedImage } from '../k6/images.ts';
import { optionsOf } from '../k6/options.ts';

const REFUSED_PAUSE_SECONDS = 1;

const shape = shapeOf('user');
const totalTime = new Trend('total_time_for_image_generation', true);

export const options = optionsOf('user', shape, {
  scenarios: {
    people: {
      executor: 'constant-vus',
      vus: shape.vus,
      duration: `${shape.durationSeconds}s`,
      gracefulStop: `${LAST_JOBS_SECONDS}s`,
    },
  },
  apart: ['http_req_duration{name:post image}', 'http_req_duration{name:poll image}'],
});

/** Posts an image, polls each second until its URL is there, and looks at it for one or two seconds. */
export default function user(): void {
  const startMs = Date.now();
  const id = postImage(seedImage('user'));
  if (id === undefined) {
    sleep(REFUSED_PAUSE_SECONDS);
    return;
  }
  const image = pollImage(id);
  if (expectCompleted(image?.status) && image?.image_url) totalTime.add(Date.now() - startMs);
  sleep(1 + Math.random());
}
