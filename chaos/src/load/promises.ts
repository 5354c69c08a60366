import type { Receipt } from '@genfleet/client';

export type Status = 'completed' | 'dead' | 'cancelled';

/** What a client was promised with a 202, and what it has seen of it since. */
export interface Promised {
  readonly id: string;
  readonly kind: 'txt2img' | 'completion';
  readonly prompt: string;
  readonly acceptedMs: number;
  /** The first end that any replica showed. */
  end?: { readonly status: Status; readonly seenMs: number };
}

/** Everything that was promised in one run of the harness, and every receipt. */
export class Promises {
  readonly all: Promised[] = [];
  readonly receipts: Receipt[] = [];
  /** Answers that no client should ever get, in words. */
  readonly refused: string[] = [];
  /** What `genfleet verify` has found wrong so far. */
  readonly named = new Set<string>();
  /** Connections that broke or were refused, and answers that asked to come again; each was tried again. */
  resets = 0;
  busy = 0;

  open(): readonly Promised[] {
    return this.all.filter(({ end }) => end === undefined);
  }
}
