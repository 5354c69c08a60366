import type { ScenarioName, Shape } from '../shapes.ts';
import { THRESHOLDS as arrivals } from './arrivals.ts';
import { thresholds as breakpoint } from './breakpoint.ts';
import { THRESHOLDS as bursts } from './bursts.ts';
import { THRESHOLDS as soak } from './soak.ts';
import { THRESHOLDS as streaming } from './streaming.ts';
import { THRESHOLDS as tenants } from './tenants.ts';
import type { Threshold } from './threshold.ts';
import { THRESHOLDS as typing } from './typing.ts';
import { THRESHOLDS as user } from './user.ts';

export type { Threshold } from './threshold.ts';

const ALL: Readonly<Record<ScenarioName, readonly Threshold[] | ((shape: Shape) => readonly Threshold[])>> = {
  user,
  arrivals,
  bursts,
  typing,
  streaming,
  tenants,
  soak,
  breakpoint,
};

/** What has to hold in a run of this scenario; a smoke asks for nothing that depends on the machine. */
export function thresholdsOf(name: ScenarioName, shape: Shape, isSmoke: boolean): readonly Threshold[] {
  const known = ALL[name];
  const all = typeof known === 'function' ? known(shape) : known;
  return all.filter(({ timed, knee }) => !isSmoke || !(timed || knee));
}
