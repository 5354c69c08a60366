import type { Shape } from '../shapes.ts';
import { SOUND, type Threshold } from './threshold.ts';

/** An image that takes longer came late. */
export const LATE_SECONDS = 5;
const STEPS = 8;
/** How much of a step has to be over before its end is judged, so that one image alone does not decide. */
const JUDGED_FROM = 0.6;

/** One stair of the ramp. */
export interface Step {
  /** Its rate, which is what its tag says. */
  readonly rate: number;
  readonly fromSeconds: number;
  readonly seconds: number;
}

/** The stairs from an eighth of the rate to all of it. */
export function stepsOf({ durationSeconds, rate = 1 }: Shape): readonly Step[] {
  const seconds = durationSeconds / STEPS;
  return Array.from({ length: STEPS }, (_, index) => ({
    rate: Math.round((100 * rate * (index + 1)) / STEPS) / 100,
    fromSeconds: index * seconds,
    seconds,
  }));
}

/** The first stair has to hold; which of the others is the first that does not is what is asked. */
export function thresholds(shape: Shape): readonly Threshold[] {
  return [
    ...SOUND,
    ...stepsOf(shape).map(({ rate, fromSeconds, seconds }, index) => ({
      metric: `late{step:${rate}}`,
      must: 'rate<0.1',
      because:
        index === 0
          ? `an eighth of the rate asked for has to be made within ${LATE_SECONDS} s`
          : `nine of ten images are made within ${LATE_SECONDS} s`,
      ...(index === 0 ? { timed: true as const } : {}),
      ...(index === 0 ? {} : { knee: { stopAfterSeconds: fromSeconds + JUDGED_FROM * seconds } }),
    })),
  ];
}
