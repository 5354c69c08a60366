import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { callerOf } from '../http/access.ts';
import { goneSignal } from '../http/gone-signal.ts';
import type { Seeker } from './find-job.ts';
import type { Asker } from './past-reads.ts';

/**
 * Whoever sent this request, until they hang up or the service stops. Called once the ledger is asked, which it is for
 * few of the requests that could make it.
 */
export function askerOf(api: Api, req: Request, res: Response): () => Asker {
  return () => ({ caller: callerOf(api, req).id, signal: goneSignal(res, api.stopping) });
}

/** The same for one job of the caller's tenant. */
export function seekerOf(api: Api, req: Request, res: Response): Seeker {
  return { tenant: callerOf(api, req).tenant, asker: askerOf(api, req, res) };
}
