import { signal } from '@preact/signals';
import { storedInTab, storeInTab } from './storage.ts';

const KEY = 'token';

function read(): string {
  const value = storedInTab(KEY);
  return typeof value === 'string' ? value : '';
}

/** What is sent as Bearer with every request; empty where nobody asks for one. It goes with the tab. */
export const token = signal(read());
/** Whether the server refused the last request for want of a token that it takes. */
export const isTokenWanted = signal(false);

export function chooseToken(value: string): void {
  token.value = value.trim();
  storeInTab(KEY, token.value);
}
