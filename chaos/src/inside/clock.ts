const trueNow = Date.now;
const TrueDate = Date;
let shiftMs = 0;

class ShiftedDate extends TrueDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(trueNow() + shiftMs);
    else super(...(args as [number]));
  }

  static override now(): number {
    return trueNow() + shiftMs;
  }
}

/** Shows this process another wall clock, also in `new Date()`. */
export function shiftClock(byMs: number): void {
  shiftMs = byMs;
  // replaced only now, so that a process whose clock is right runs what it always runs
  globalThis.Date = ShiftedDate as DateConstructor;
}
