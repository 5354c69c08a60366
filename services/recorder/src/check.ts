import { GenfleetError } from '@genfleet/job';
import type { TopicParts } from './options.ts';
import { rewrite } from './rewrite.ts';

export interface Checked {
  readonly files: number;
  /** Files that were missing or damaged and were made anew from their topics. */
  readonly repaired: readonly string[];
  /** Why each of the others could not be. */
  readonly lost: readonly string[];
}

/**
 * Reads every file of the archive, and makes those anew that are missing or damaged as long as their topics hold what was
 * in them.
 */
export async function checkArchive(topics: readonly TopicParts[], signal: AbortSignal): Promise<Checked> {
  let files = 0;
  const repaired: string[] = [];
  const lost: string[] = [];
  for (const parts of topics) {
    for await (const segment of parts.archive.segments()) {
      signal.throwIfAborted();
      files += 1;
      const { state } = await parts.archive.look(segment);
      if (state === 'whole') continue;
      try {
        await rewrite(parts, segment, signal);
        repaired.push(`${segment.file} was ${state}`);
      } catch (error) {
        if (!(error instanceof GenfleetError) || error.retryable) throw error;
        lost.push(error.message);
      }
    }
  }
  return { files, repaired, lost };
}
