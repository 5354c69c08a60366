import { Trend } from 'k6/metrics';
import { shapeOf } from '../k6/asked.ts';
import { expectCompleted, followImage, postImage, smallImage } from '../k6/images.ts';
import { arriving, optionsOf } from '../k6/options.ts';

/** Where clients pile up for longer than this, the rate is beyond the fleet, and k6 drops what comes. */
const STAY_SECONDS = 30;

const shape = shapeOf('arrivals');
const timeToImage = new Trend('time_to_image', true);

export const options = optionsOf('arrivals', shape, {
  scenarios: { clients: arriving('arrive', shape, STAY_SECONDS) },
  apart: ['http_req_duration{name:post image}', 'http_req_waiting{name:follow image}'],
});

/** Posts an image and follows its events to the end, which comes as one answer. */
export function arrive(): void {
  const startMs = Date.now();
  const id = postImage(smallImage('arrivals'));
  if (id !== undefined && expectCompleted(followImage(id))) timeToImage.add(Date.now() - startMs);
}
