import { signal } from '@preact/signals';

/** The last thing worth telling somebody who listens to the page instead of looking at it. */
export const spoken = signal('');

export function announce(text: string): void {
  spoken.value = text;
}
