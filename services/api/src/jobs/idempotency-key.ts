import type { Request } from 'express';

/** The `Idempotency-Key` header; one sent twice is one key. */
export function idempotencyKey(req: Request): string | undefined {
  const key = req.headers['idempotency-key'];
  return Array.isArray(key) ? key.join(',') : key;
}
