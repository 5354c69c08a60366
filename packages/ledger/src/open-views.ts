import { KINDS, type Kind } from '@genfleet/job';
import { openView } from './open-view.ts';
import type { LocalView } from './view.ts';
import type { ViewOptions } from './view-options.ts';

export type Views = Readonly<Record<Kind, LocalView>>;

/** One view for each kind of job, each in a file of its own. @throws GenfleetError as `openView` does. */
export async function openViews(
  options: Omit<ViewOptions, 'kinds' | 'file' | 'from' | 'windowMs'> & {
    readonly fileOf: (kind: Kind) => string;
    /** How far back the view of each kind reaches, in ms; undefined for all jobs. */
    readonly windowsMs: Readonly<Record<Kind, number | undefined>>;
  },
): Promise<Views> {
  const { fileOf, windowsMs, ...shared } = options;
  const opened = await Promise.all(
    KINDS.map(async (kind) => {
      const windowMs = windowsMs[kind];
      const window = windowMs === undefined ? {} : { windowMs };
      return [kind, await openView({ ...shared, ...window, kinds: [kind], file: fileOf(kind) })] as const;
    }),
  );
  return Object.fromEntries(opened) as Views;
}
