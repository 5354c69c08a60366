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

/** Before anything is loaded, which may keep `Date.now` for itself. */
export function installClock(): void {
  globalThis.Date = ShiftedDate as DateConstructor;
}

/** Shows this process another wall clock. */
export function shiftClock(byMs: number): void {
  shiftMs = byMs;
}
