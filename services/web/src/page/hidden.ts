import { signal } from '@preact/signals';
import { store, stored } from './storage.ts';

/** Jobs put out of sight in this browser. The server keeps them: its record is not for deleting. */
const MAX_HIDDEN = 1_000;

function read(): ReadonlySet<string> {
  const value = stored('hidden');
  return new Set(Array.isArray(value) ? value.filter((id) => typeof id === 'string') : []);
}

export const hidden = signal<ReadonlySet<string>>(read());

export function hide(id: string): void {
  hidden.value = new Set([...hidden.value, id].slice(-MAX_HIDDEN));
  store('hidden', [...hidden.value]);
}

export function showAll(): void {
  hidden.value = new Set();
  store('hidden', []);
}
