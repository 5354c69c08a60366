import { jobId } from '../fixed-ledger.ts';

/** Of tables, hours and jobs of the fixed ledger, as statements have them. */
export const REQUESTED = 'requested_txt2img_generation';
export const COMPLETED = 'completed_txt2img_generation';
export const DEAD = 'dlq_requested_txt2img_generation';
export const TEXTS = 'requested_completion_generation';
export const NOON = '2026-03-01T12:00:00.000Z';
export const ONE = '2026-03-01T13:00:00.000Z';
export const [a, b, c] = [jobId('a'), jobId('b', 60), jobId('c', 120)];
export const [d, e, f] = [jobId('d', 180), jobId('e', 3_600), jobId('f', 3_660)];
