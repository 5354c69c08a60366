import type { Response } from 'express';

/** Aborts when the client hangs up before its answer, or when the service stops. */
export function goneSignal(res: Response, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const abort = () => {
    stopping.removeEventListener('abort', abort);
    gone.abort();
  };
  if (res.destroyed || stopping.aborted) abort();
  else {
    // 'close' also comes after a complete answer, which releases the listener
    res.once('close', abort);
    stopping.addEventListener('abort', abort, { once: true });
  }
  return gone.signal;
}
