import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { base } from './base.ts';
import { guardedFetch } from './server.ts';
import { token } from './token.ts';

/**
 * Where the browser loads a file of a job from. A link carries no token: where one is in use, and the server itself keeps
 * the file, it is fetched with the token, and there is nothing to load until that is done.
 */
export function useFileUrl(url: string | undefined): string | undefined {
  const local = useSignal<string | undefined>(undefined);
  const path = url === undefined || token.value === '' ? undefined : ownPath(url);
  useEffect(() => {
    if (path === undefined) return undefined;
    const gone = new AbortController();
    let made: string | undefined;
    const load = async () => {
      const response = await guardedFetch(path, { signal: gone.signal });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const bytes = await response.blob();
      if (gone.signal.aborted) return;
      made = URL.createObjectURL(bytes);
      local.value = made;
    };
    load().catch(() => {
      // whoever shows it learns from the link itself that it can't be loaded
      if (!gone.signal.aborted) local.value = url;
    });
    return () => {
      gone.abort();
      if (made !== undefined) URL.revokeObjectURL(made);
      local.value = undefined;
    };
  }, [path]);
  return path === undefined ? url : local.value;
}

/** The path of a file that this server keeps; the token is for nobody else. */
function ownPath(url: string): string | undefined {
  const { origin, pathname, search } = new URL(url, window.location.href);
  const isOwn = origin === window.location.origin && pathname.startsWith(`${base}artifacts/`);
  return isOwn ? `${pathname}${search}` : undefined;
}
