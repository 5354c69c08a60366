export type { Asker, HeldJob } from './asker.ts';
export { Board, type BoardOptions, type Standing } from './board.ts';
export { type Choice, choose } from './choose.ts';
export {
  type CalibratedWait,
  type Forecast,
  type KeptForecast,
  WaitCalibration,
} from './wait-calibration.ts';
export { levelOf, type WaitingJob, waitingJobOf } from './waiting-job.ts';
