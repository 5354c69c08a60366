import type { Response } from 'express';

/** Aborts when the client hangs up before its answer, or when the service stops, where that matters. */
export function goneSignal(res: Response, stopping?: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const abort = () => {
    stopping?.removeEventListener('abort', abort);
    // a reason, so that none is made with a stack
    gone.abort('gone');
  };
  if (res.destroyed || stopping?.aborted) abort();
  else {
    // 'close' also comes after a complete answer, which releases the listener
    res.once('close', abort);
    stopping?.addEventListener('abort', abort, { once: true });
  }
  return gone.signal;
}
