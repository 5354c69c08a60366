import { setTimeout as sleep } from 'node:timers/promises';

/** Rejects when it takes longer. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(ms, undefined, { signal: done.signal }).then(() => {
    throw new Error(`waited ${ms} ms in vain for ${what}`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    late.catch(() => undefined);
  }
}
