import { v7 } from 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Random bytes are drawn for so many ids at once: one by one they cost a tenth of admitting a job. */
const POOLED_IDS = 256;
const ID_BYTES = 16;

let lastMs = -1;
let sequence = 0;
const pool = new Uint8Array(POOLED_IDS * ID_BYTES);
let used = pool.length;

/**
 * A new UUIDv7 (RFC 9562, method 1): sorts by time of creation, and by order of creation within a millisecond
 * of one process. `nowMs` is Unix time in milliseconds.
 */
export function newJobId(nowMs: number): string {
  sequence = nowMs === lastMs ? sequence + 1 : Math.floor(Math.random() * 2 ** 31);
  lastMs = nowMs;
  return v7({ msecs: nowMs, seq: sequence, random: randomBytes() });
}

function randomBytes(): Uint8Array {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.subarray(used - ID_BYTES, used);
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
