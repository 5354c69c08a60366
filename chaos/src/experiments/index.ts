import { STAGES } from '../fleet/backing.ts';
import { brokerFaults } from './broker.ts';
import { diskFaults } from './disk.ts';
import { engineFaults } from './engine.ts';
import type { Experiment } from './experiment.ts';
import { killPoints } from './kill-points.ts';
import { networkFaults } from './network.ts';
import { repetitions } from './repetition.ts';
import { restarts } from './restarts.ts';
import { trinoFaults } from './trino.ts';

/** After everything else: what one experiment left wrong in the jobs of another shows here. */
const atLast: Experiment = {
  name: 'nothing',
  injects: 'nothing; every receipt of the run is verified',
  on: STAGES,
  verifiesAll: true,
  recoversWithinMs: 15_000,
  inject: async () => undefined,
};

/** All there are, in the order in which they are played: what reads the whole archive comes while it is small. */
export const EXPERIMENTS: readonly Experiment[] = [
  ...killPoints.filter(({ looksAtArchive }) => looksAtArchive),
  ...killPoints.filter(({ looksAtArchive }) => !looksAtArchive),
  ...engineFaults,
  ...repetitions,
  ...networkFaults,
  ...trinoFaults,
  ...restarts,
  ...diskFaults,
  ...brokerFaults,
  atLast,
];
