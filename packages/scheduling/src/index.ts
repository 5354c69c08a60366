export type { Asker, HeldJob } from './asker.ts';
export { Board, type BoardOptions } from './board.ts';
export { type Choice, choose } from './choose.ts';
export { type CalibratedWait, type GivenForecast, WaitCalibration } from './wait-calibration.ts';
export { type WaitingJob, waitingJobOf } from './waiting-job.ts';
