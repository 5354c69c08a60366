import { signal } from '@preact/signals';
import { storedInTab, storeInTab } from './storage.ts';

const KEY = 'token';

function read(): string {
  const value = storedInTab(KEY);
  return typeof value === 'string' ? value : '';
}

/** What is sent as Bearer with every request; empty where nobody asks for one. It goes with the tab. */
export const token = signal(read());
/** Why the server refused the last request: it was sent no token, one that it does not take, or one that may not. */
export type TokenRefusal = 'missing' | 'unknown' | 'denied';
export const tokenRefusal = signal<TokenRefusal | undefined>(undefined);

/** What an answer with this status says of the token that was sent with the question. */
export function refusalOf(status: number, sent: string): TokenRefusal | undefined {
  if (status === 401) return sent === '' ? 'missing' : 'unknown';
  return status === 403 && sent !== '' ? 'denied' : undefined;
}

export function chooseToken(value: string): void {
  token.value = value.trim();
  storeInTab(KEY, token.value);
}
