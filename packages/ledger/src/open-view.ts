import { FoldedView } from './folded-view.ts';
import type { LocalView } from './view.ts';
import type { ViewOptions } from './view-options.ts';

/**
 * Opens the view and begins to fold the topics of the kinds into it, from where it stood. Resolves at once, also
 * while the bus is down: what the file holds can be asked, `ready` says when the topics have been read to their end.
 * @throws GenfleetError `ledger_failed` when the file is in use by another process or can't be made.
 */
export async function openView(options: ViewOptions): Promise<LocalView> {
  return new FoldedView(options);
}
