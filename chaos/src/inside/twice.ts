let isOn = false;

/** Whether every delivery and every message of this process happens twice. */
export function everythingTwice(): boolean {
  return isOn;
}

export function setEverythingTwice(on: boolean): void {
  isOn = on;
}
