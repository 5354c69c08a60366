import { KINDS, type Kind } from '@genfleet/job';
import { openView } from './open-view.ts';
import type { LocalView } from './view.ts';
import type { ViewOptions } from './view-options.ts';

/**
 * How far back completions reach: there are a hundred times as many of them as of images, and hardly anybody asks for
 * one again.
 */
const COMPLETIONS_WINDOW_MS = 86_400_000;

export type Views = Readonly<Record<Kind, LocalView>>;

/** One view for each kind of job, each in a file of its own. @throws GenfleetError as `openView` does. */
export async function openViews(
  options: Omit<ViewOptions, 'kinds' | 'file' | 'from' | 'windowMs'> & {
    readonly fileOf: (kind: Kind) => string;
  },
): Promise<Views> {
  const { fileOf, ...shared } = options;
  const opened = await Promise.all(
    KINDS.map(async (kind) => {
      const window = kind === 'completion' ? { windowMs: COMPLETIONS_WINDOW_MS } : {};
      return [kind, await openView({ ...shared, ...window, kinds: [kind], file: fileOf(kind) })] as const;
    }),
  );
  return Object.fromEntries(opened) as Views;
}
