import { signal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { useEffect } from 'preact/hooks';

/** The editor, once it has been fetched: whoever makes pictures does without it. */
const view = signal<ComponentType | undefined>(undefined);
const hasFailed = signal(false);

async function load(): Promise<void> {
  hasFailed.value = false;
  try {
    view.value = (await import('./code/code-view.tsx')).CodeView;
  } catch {
    hasFailed.value = true;
  }
}

export function CodePage(): JSX.Element {
  useEffect(() => {
    if (!view.value) void load();
  }, []);
  const View = view.value;
  if (View) return <View />;
  if (!hasFailed.value) return <p class="hint">Getting the editor…</p>;
  return (
    <p class="notice fault" role="alert">
      The editor could not be fetched.
      <button type="button" class="quiet" onClick={() => void load()}>
        Try again
      </button>
    </p>
  );
}
