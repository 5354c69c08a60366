import type { Kind } from '@genfleet/job';

/** What can be wrong with a ledger. docs/verify.md says what each means; a test holds that it names them all. */
export const VIOLATION_CODES = [
  'message_missing',
  'message_changed',
  'message_of_another_job',
  'message_unreadable',
  'request_missing',
  'claim_missing',
  'dead_letter_missing',
  'second_outcome',
  'job_lost',
  'artifact_missing',
  'artifact_changed',
  'artifact_unreadable',
] as const;
export type ViolationCode = (typeof VIOLATION_CODES)[number];

export interface Violation {
  readonly code: ViolationCode;
  /** Of the job; of a message that can't be read, its key. */
  readonly id: string;
  readonly kind: Kind;
  readonly expected: string;
  readonly found: string;
}
