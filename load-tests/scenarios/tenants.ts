import type { NewImage } from '@genfleet/client/types';
import { sleep } from 'k6';
import { Trend } from 'k6/metrics';
import { RUN, shapeOf } from '../k6/asked.ts';
import { post } from '../k6/calls.ts';
import { expectCompleted, followImage, LAST_JOBS_SECONDS, postImage, smallImage } from '../k6/images.ts';
import { arriving, optionsOf } from '../k6/options.ts';
import { LINES, suggestionFor } from '../k6/texts.ts';

const STAY_SECONDS = 60;
const STUDIO_PAUSE_SECONDS = 0.1;

const shape = shapeOf('tenants');
const timeToImage = new Trend('time_to_image', true);
const suggestionTime = new Trend('suggestion_time', true);

export const options = optionsOf('tenants', shape, {
  scenarios: {
    artists: arriving('artist', shape, STAY_SECONDS),
    editors: arriving('editor', shape, STAY_SECONDS),
    studio: {
      executor: 'constant-vus',
      exec: 'studio',
      vus: shape.vus,
      duration: `${shape.durationSeconds}s`,
      gracefulStop: `${LAST_JOBS_SECONDS}s`,
    },
  },
  apart: ['time_to_image{tenant:artists}', 'time_to_image{tenant:studio}'],
});

function make(image: NewImage, tenant: 'artists' | 'studio'): void {
  const startMs = Date.now();
  const id = postImage(image, { tenant });
  if (id !== undefined && expectCompleted(followImage(id, tenant))) {
    timeToImage.add(Date.now() - startMs, { tenant });
  }
}

/** Small images, one at a time, for somebody who looks at the screen. */
export function artist(): void {
  make(smallImage('artists'), 'artists');
}

/** As many large jobs in line as the studio has people, all the time. */
export function studio(): void {
  const { generation_settings, ...image } = smallImage('studio', { steps: 8 });
  make({ ...image, generation_settings: { ...generation_settings, batch_size: 4 } }, 'studio');
  sleep(STUDIO_PAUSE_SECONDS);
}

/** Suggestions for code, in no session: each is waited for. */
export function editor(): void {
  const { above, line, below } = LINES[Math.floor(Math.random() * LINES.length)] ?? {
    above: '',
    line: '',
    below: '',
  };
  const body = { ...suggestionFor(above + line, below), metadata: { grouping: `${RUN}/editors` } };
  const answer = post('/v1/completions', body, { route: 'complete', expect: [200], tenant: 'editors' });
  if (answer.status === 200) suggestionTime.add(answer.timings.duration);
}
