import type { Bus } from '@genfleet/bus';
import { follow } from '@genfleet/catalogue';
import { decodeNews, progressTopic, type TextEvent } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';
import type { JobListeners } from './job-listeners.ts';

/** Text of completions as workers write it. */
export type TextFeed = JobListeners<TextEvent>;

/** Reads the text of completions, from now on, until the signal aborts. */
export async function followTexts(
  feed: TextFeed,
  options: { bus: Bus; log: Logger; signal: AbortSignal },
): Promise<void> {
  await follow({ ...options, topic: progressTopic('completion'), from: 'latest' }, (message) => {
    const news = decodeNews(message.value);
    if (news.type === 'text') feed.tell(news);
  });
}
