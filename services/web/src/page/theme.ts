import { effect, signal } from '@preact/signals';
import { store, stored } from './storage.ts';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

function read(): Theme {
  const value = stored('theme');
  return THEMES.find((theme) => theme === value) ?? 'auto';
}

export const theme = signal<Theme>(read());

/** The style sheet follows the system unless `data-theme` says otherwise. */
export function applyTheme(): void {
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value;
    store('theme', theme.value);
  });
}
