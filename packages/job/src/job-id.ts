import { v7 } from 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let lastMs = -1;
let sequence = 0;

/**
 * A new UUIDv7 (RFC 9562, method 1): sorts by time of creation, and by order of creation within a millisecond
 * of one process. `nowMs` is Unix time in milliseconds.
 */
export function newJobId(nowMs: number): string {
  sequence = nowMs === lastMs ? sequence + 1 : Math.floor(Math.random() * 2 ** 31);
  lastMs = nowMs;
  return v7({ msecs: nowMs, seq: sequence });
}

/** Whether the text is a UUID of any version in its lower-case canonical form. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The Unix time in milliseconds inside a UUIDv7 (its first 48 bits), or undefined for another version. */
export function jobIdTimeMs(id: string): number | undefined {
  if (!isUuid(id) || id[14] !== '7') return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
