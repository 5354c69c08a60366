/**
 * An id's time comes from the clock of whoever made it, a publish time from the bus: reading begins this much
 * earlier than the jobs that are wanted.
 */
export const CLOCK_SKEW_MS = 600_000;
