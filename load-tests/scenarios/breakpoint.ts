import exec from 'k6/execution';
import { Rate, Trend } from 'k6/metrics';
import { shapeOf } from '../k6/asked.ts';
import { expectCompleted, postAndWait, smallImage } from '../k6/images.ts';
import { optionsOf } from '../k6/options.ts';
import { LATE_SECONDS, stepsOf } from '../thresholds/breakpoint.ts';

const shape = shapeOf('breakpoint');
const steps = stepsOf(shape);
const late = new Rate('late');
const timeToImage = new Trend('time_to_image', true);
const clients = Math.ceil(shape.rate * (LATE_SECONDS + 1)) + 10;

export const options = optionsOf('breakpoint', shape, {
  scenarios: {
    clients: {
      executor: 'ramping-arrival-rate',
      exec: 'climb',
      startRate: perMinute(steps[0]?.rate ?? 1),
      timeUnit: '60s',
      stages: steps.flatMap(({ rate, seconds }) => [
        { target: perMinute(rate), duration: '0s' },
        { target: perMinute(rate), duration: `${seconds}s` },
      ]),
      preAllocatedVUs: clients,
      maxVUs: clients,
      gracefulStop: `${LATE_SECONDS + 5}s`,
    },
  },
  apart: steps.flatMap(({ rate }) => [`late{step:${rate}}`, `time_to_image{step:${rate}}`]),
});

/** Posts an image and waits for it in the request, for as long as it is not late. */
export function climb(): void {
  const atSeconds = (Date.now() - exec.scenario.startTime) / 1_000;
  const step = String((steps.findLast(({ fromSeconds }) => fromSeconds <= atSeconds) ?? steps[0])?.rate);
  const startMs = Date.now();
  const image = postAndWait(smallImage('breakpoint'), LATE_SECONDS);
  late.add(image === undefined, { step });
  if (image !== undefined && expectCompleted(image.status)) timeToImage.add(Date.now() - startMs, { step });
}

/** k6 takes whole numbers only. */
function perMinute(rate: number): number {
  return Math.max(1, Math.round(rate * 60));
}
