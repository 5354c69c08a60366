import { type SseEvent, SseParser } from './sse-parser.ts';

/** The events of an answer as they come. Leaving the loop closes the connection. */
export async function* readEvents(response: Response): AsyncGenerator<SseEvent, void, undefined> {
  if (!response.body) return;
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
