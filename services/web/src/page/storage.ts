/** What the browser keeps for the page. It may refuse (private windows, full): then nothing is kept. */
export function stored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(`genfleet.${key}`) ?? 'null');
  } catch {
    return null;
  }
}

export function store(key: string, value: unknown): void {
  try {
    localStorage.setItem(`genfleet.${key}`, JSON.stringify(value));
  } catch {
    // kept for this visit only
  }
}

/** The same for what ends with this tab. */
export function storedInTab(key: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(`genfleet.${key}`) ?? 'null');
  } catch {
    return null;
  }
}

export function storeInTab(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(`genfleet.${key}`, JSON.stringify(value));
  } catch {
    // kept until the page is left
  }
}
