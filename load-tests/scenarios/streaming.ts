import type { CompletionChunk, NewCompletion } from '@genfleet/client/types';
import { Counter, Trend } from 'k6/metrics';
import { shapeOf } from '../k6/asked.ts';
import { post } from '../k6/calls.ts';
import { optionsOf } from '../k6/options.ts';
import { longText } from '../k6/texts.ts';

const MAX_TOKENS = 64;
const LAST = '[DONE]';

const shape = shapeOf('streaming');
const firstChunk = new Trend('time_to_first_chunk', true);
const betweenChunks = new Trend('time_between_chunks', true);
const chunks = new Counter('chunks');
const tokens = new Counter('tokens');
const broken = new Counter('broken_streams');

export const options = optionsOf('streaming', shape, {
  scenarios: {
    readers: {
      executor: 'constant-vus',
      vus: shape.vus,
      duration: `${shape.durationSeconds}s`,
      gracefulStop: '30s',
    },
  },
});

type StreamedCompletion = NewCompletion & { readonly stream: true };

/**
 * Reads one stream. k6 hands an answer over whole, so single chunks are not timed: the API sends nothing before the
 * first chunk, which makes k6's wait for the first byte the time to it; from there to the last byte, shared among the
 * chunks after the first, is the mean time between two chunks of this stream.
 */
export default function stream(): void {
  const body: StreamedCompletion = {
    ...longText(MAX_TOKENS),
    stream: true,
    stream_options: { include_usage: true },
  };
  const answer = post('/v1/completions', body, { route: 'stream', expect: [200] });
  if (answer.status !== 200) return;
  const data = [...String(answer.body ?? '').matchAll(/^data: (.*)$/gm)].map(([, text = '']) => text);
  const usage = data.at(-1) === LAST ? usageIn(data.at(-2)) : undefined;
  if (!usage) {
    broken.add(1);
    console.warn(`a stream broke off: ${data.at(-1) ?? 'nothing came'}`);
    return;
  }
  // without the usage and [DONE]
  const texts = data.length - 2;
  tokens.add(usage.completion_tokens);
  chunks.add(texts);
  firstChunk.add(answer.timings.waiting);
  if (texts > 1) betweenChunks.add(answer.timings.receiving / (texts - 1));
}

function usageIn(text: string | undefined): CompletionChunk['usage'] {
  return text?.startsWith('{') ? (JSON.parse(text) as CompletionChunk).usage : undefined;
}
