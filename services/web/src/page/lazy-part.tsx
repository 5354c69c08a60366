import { signal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { isOnline } from './server.ts';

/**
 * A component that is fetched when it is first shown: who does not open it does without. `what` names it to people, with
 * its article.
 */
export function lazyPart<Props extends object>(
  what: string,
  fetchPart: () => Promise<ComponentType<Props>>,
): (props: Props) => JSX.Element {
  const part = signal<ComponentType<Props> | undefined>(undefined);
  const hasFailed = signal(false);
  const load = async () => {
    hasFailed.value = false;
    try {
      part.value = await fetchPart();
    } catch {
      hasFailed.value = true;
    }
  };
  return function LazyPart(props: Props): JSX.Element {
    // again when the server is back
    useEffect(() => {
      if (!part.value && isOnline.value) void load();
    }, [isOnline.value]);
    const Part = part.value;
    if (Part) return <Part {...props} />;
    if (!hasFailed.value) return <p class="hint">Getting {what}…</p>;
    return (
      <p class="notice fault" role="alert">
        Could not fetch {what}.
        <button type="button" class="quiet" onClick={() => void load()}>
          Try again
        </button>
      </p>
    );
  };
}
