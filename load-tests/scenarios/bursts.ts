import type { Accepted, ImageStatus } from '@genfleet/client/types';
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import { RUN, shapeOf } from '../k6/asked.ts';
import { bodyOf, get, post } from '../k6/calls.ts';
import { smallImage } from '../k6/images.ts';
import { optionsOf } from '../k6/options.ts';

const BURSTS = 3;
const GROUPING = 'bursts';
const WATCH_SECONDS = 0.5;
/** How long the backlog may take after the last burst. */
const DRAIN_SECONDS = 600;
/** Up to where the API counts the jobs of a grouping. */
const MAX_COUNTED = 10_000;
const OPEN: readonly ImageStatus[] = ['queued', 'running', 'retrying'];

const shape = shapeOf('bursts');
const gapSeconds = shape.durationSeconds / BURSTS;
const perBurst = Math.max(1, Math.round((shape.rate * shape.durationSeconds) / BURSTS));
const total = perBurst * BURSTS;

const promised = new Counter('promised');
const queueFull = new Counter('queue_full');
const givenUp = new Counter('given_up');
const endedBadly = new Counter('ended_badly');
const heldBack = new Trend('held_back_by_a_full_queue', true);
const backlog = new Trend('backlog_jobs');
const drained = new Rate('drained');
const drainTime = new Trend('time_to_drain', true);

const bursts = Array.from({ length: BURSTS }, (_, index) => [
  `burst_${index + 1}`,
  {
    executor: 'shared-iterations' as const,
    exec: 'burst',
    vus: Math.min(shape.vus, perBurst),
    iterations: perBurst,
    startTime: `${index * gapSeconds}s`,
    maxDuration: `${DRAIN_SECONDS}s`,
  },
]);

export const options = optionsOf('bursts', shape, {
  scenarios: {
    ...Object.fromEntries(bursts),
    watch: {
      executor: 'per-vu-iterations',
      exec: 'watch',
      vus: 1,
      iterations: 1,
      maxDuration: `${shape.durationSeconds + DRAIN_SECONDS}s`,
    },
  },
  apart: ['http_req_duration{name:post image}'],
});

/** Posts one image of a burst, and comes back when it is told to while the queue is full. */
export function burst(): void {
  const startMs = Date.now();
  // the same request under the same key, so that one that was stored all the same is not made twice
  const image = smallImage(GROUPING, { steps: 1 });
  const headers = { 'idempotency-key': `${RUN}-${exec.scenario.name}-${exec.scenario.iterationInTest}` };
  let refused = 0;
  while (exec.instance.currentTestRunDuration < (shape.durationSeconds + DRAIN_SECONDS) * 1_000) {
    const answer = post('/images/', image, { route: 'post image', expect: [202, 503], headers });
    if (answer.status !== 503) {
      if (bodyOf<Accepted>(answer) === undefined) break;
      promised.add(1);
      if (refused > 0) heldBack.add(Date.now() - startMs);
      return;
    }
    refused += 1;
    queueFull.add(1);
    const seconds = Number(answer.headers['Retry-After']);
    const says = check(seconds, { 'a full queue says when to come back': (it) => it > 0 });
    sleep(says ? seconds : 1);
  }
  givenUp.add(1);
}

/** Looks how many jobs are open, until all of them were posted and none is open any more. */
export function watch(): void {
  const expected = Math.min(total, MAX_COUNTED);
  const lastBurstSeconds = (BURSTS - 1) * gapSeconds;
  const elapsedSeconds = () => exec.instance.currentTestRunDuration / 1_000;
  let isDrained = false;
  while (!isDrained && elapsedSeconds() < lastBurstSeconds + DRAIN_SECONDS) {
    const open = count(OPEN);
    backlog.add(open);
    isDrained = open === 0 && elapsedSeconds() > lastBurstSeconds && count() >= expected;
    if (!isDrained) sleep(WATCH_SECONDS);
  }
  drained.add(isDrained);
  if (isDrained) drainTime.add((elapsedSeconds() - lastBurstSeconds) * 1_000);
  endedBadly.add(count(['dead', 'cancelled']));
}

/** Jobs of this run, those in some states or all of them. */
function count(status?: readonly ImageStatus[]): number {
  const filter = status ? `&status=${status.join(',')}` : '';
  const grouping = encodeURIComponent(`${RUN}/${GROUPING}`);
  const answer = get(`/images/?limit=1&grouping=${grouping}${filter}`, {
    route: 'list images',
    expect: [200],
  });
  return Number(answer.headers['X-Total-Count'] ?? Number.NaN);
}
