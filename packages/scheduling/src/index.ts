export { Board, type BoardOptions } from './board.ts';
export { type Asker, type Choice, choose, type HeldJob } from './choose.ts';
export { type CalibratedWait, type GivenForecast, WaitCalibration } from './wait-calibration.ts';
export { type WaitingJob, waitingJobOf } from './waiting-job.ts';
