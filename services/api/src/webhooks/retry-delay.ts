const FIRST_MS = 5_000;
const LONGEST_MS = 3_600_000;
const SPREAD = 0.2;

/** An event that could not be handed over for so long is given up. */
export const GIVE_UP_MS = 24 * 3_600_000;

/**
 * How long to wait before the next try: as long as the event has waited already, so the waits double; 5 s at
 * least, an hour at most, and `asked` by the receiver if that is longer. Needs no count of tries, which no bus
 * keeps reliably. `random` in [0, 1) spreads tries that failed together.
 */
export function retryDelayMs(ageMs: number, askedMs: number, random: number): number {
  const spread = 1 - SPREAD / 2 + SPREAD * random;
  const backoffMs = Math.min(Math.max(FIRST_MS, ageMs), LONGEST_MS) * spread;
  return Math.round(Math.max(backoffMs, Math.min(askedMs, LONGEST_MS)));
}
