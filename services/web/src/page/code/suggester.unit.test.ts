import { ApiError, type CompletionChunk, type NewCompletion } from '@genfleet/client';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Suggester, type SuggestionEvents } from './suggester.ts';

/** One request that the suggester made, to be answered by hand. */
interface Asked {
  readonly request: NewCompletion;
  readonly sessionId: string | undefined;
  readonly signal: AbortSignal | undefined;
  write(text: string, tokens?: number): Promise<void>;
  end(): Promise<void>;
  fail(error: unknown): Promise<void>;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

let nowMs: number;
let asked: Asked[];
let feedback: [id: string, accepted: boolean][];
let told: string[];
let pending: { call: () => void; delayMs: number } | undefined;
let suggester: Suggester;

beforeEach(() => {
  nowMs = 0;
  asked = [];
  feedback = [];
  told = [];
  pending = undefined;
  suggester = new Suggester({
    completions: {
      stream: (request, { sessionId, signal } = {}) => {
        const { readable, writable } = new TransformStream<CompletionChunk, CompletionChunk>();
        const writer = writable.getWriter();
        const id = `job-${asked.length + 1}`;
        const chunk = (text: string, tokens?: number): CompletionChunk => ({
          id,
          object: 'text_completion',
          created: 1,
          model: 'm',
          choices: tokens === undefined ? [{ text, index: 0, logprobs: null, finish_reason: null }] : [],
          usage:
            tokens === undefined
              ? null
              : { prompt_tokens: 1, completion_tokens: tokens, total_tokens: 1 + tokens },
        });
        signal?.addEventListener('abort', () => void writer.abort(signal.reason).catch(() => undefined));
        const after = async (done: Promise<void>) => {
          await done.catch(() => undefined);
          await settle();
        };
        asked.push({
          request,
          sessionId,
          signal,
          write: (text, tokens) => after(writer.write(chunk(text, tokens))),
          end: () => after(writer.close()),
          fail: (error) => after(writer.abort(error)),
        });
        return readable;
      },
      feedback: async (id, { accepted }) => {
        feedback.push([id, accepted]);
      },
    },
    events: events(),
    later: (call, delayMs) => {
      const mine = { call, delayMs };
      pending = mine;
      return () => {
        if (pending === mine) pending = undefined;
      };
    },
    now: () => nowMs,
    sessionId: 'tab-1',
  });
});

function events(): SuggestionEvents {
  return {
    asking: () => told.push('asking'),
    text: (text, isFirst) => told.push(`${isFirst ? 'first' : 'more'} ${text}`),
    whole: (text, pace) => told.push(`whole ${text} ${JSON.stringify(pace)}`),
    gone: () => told.push('gone'),
    accepted: () => told.push('accepted'),
    rejected: () => told.push('rejected'),
    fault: (error) => told.push(`fault ${error instanceof Error ? error.message : error}`),
  };
}

/** Types, and pauses long enough to be shown something. */
async function type(prompt = 'def f():'): Promise<Asked> {
  suggester.typed(() => ({ model: 'm', prompt }));
  pending?.call();
  await settle();
  const last = asked.at(-1);
  if (!last) throw new Error('nothing was asked');
  return last;
}

describe('Suggester', () => {
  it('waits for a pause, and asks only for what stands there then', async () => {
    suggester.typed(() => ({ model: 'm', prompt: 'd' }));
    suggester.typed(() => ({ model: 'm', prompt: 'de' }));
    expect(asked).toHaveLength(0);
    pending?.call();
    expect(asked.map(({ request, sessionId }) => [request.prompt, sessionId])).toEqual([['de', 'tab-1']]);
  });

  it('shows a text as it grows, without the space at its end, and tells how fast it came', async () => {
    const { write, end } = await type();
    nowMs = 100;
    await write('\n    ');
    nowMs = 150;
    await write('return');
    nowMs = 200;
    await write(' 1\n');
    nowMs = 300;
    await write('', 21);
    await end();
    expect(told).toEqual([
      'asking',
      'first \n    return',
      'more \n    return 1',
      'whole \n    return 1 {"firstTextMs":100,"tokensPerSecond":100}',
    ]);
    expect(feedback).toEqual([]);
  });

  it('reports an accepted suggestion once, however many words of it are taken', async () => {
    const { write, end } = await type();
    await write('return 1');
    await end();
    suggester.took(false);
    suggester.took(true);
    suggester.leave('left');
    expect(feedback).toEqual([['job-1', true]]);
  });

  it('ends what is still being written when it is taken', async () => {
    const { write, signal } = await type();
    await write('return');
    suggester.took(true);
    expect(signal?.aborted).toBe(true);
    expect(feedback).toEqual([['job-1', true]]);
  });

  it('reports a refused suggestion, whole or not', async () => {
    const first = await type();
    await first.write('return');
    suggester.leave('refused');
    expect(first.signal?.aborted).toBe(true);
    const second = await type();
    await second.write('pass');
    await second.end();
    suggester.leave('refused');
    expect(feedback).toEqual([
      ['job-1', false],
      ['job-2', false],
    ]);
  });

  it('takes typing on for a no to a whole suggestion, and not to one that was still being written', async () => {
    const overtaken = await type();
    await overtaken.write('return');
    const whole = await type();
    expect(overtaken.signal?.aborted).toBe(true);
    expect(feedback).toEqual([]);
    await whole.write('pass');
    await whole.end();
    await type();
    expect(feedback).toEqual([['job-2', false]]);
  });

  it('reports nothing that was never shown', async () => {
    const { write, end } = await type();
    await write('\n   ');
    await end();
    expect(told.at(-1)).toMatch(/^whole {2}/);
    suggester.leave('refused');
    expect(feedback).toEqual([]);
  });

  it('drops what an overtaken request still says', async () => {
    const overtaken = await type();
    const newer = await type();
    await overtaken.write('old');
    await newer.write('new');
    expect(told).toEqual(['asking', 'gone', 'asking', 'first new']);
  });

  it('takes a text that was typed as suggested for accepted, once it is whole', async () => {
    const { write, end } = await type();
    await write('pass');
    expect(suggester.typedOut()).toBe(false);
    await end();
    expect(suggester.typedOut()).toBe(true);
    expect(feedback).toEqual([['job-1', true]]);
  });

  it('keeps silent when the server says that a newer keystroke came', async () => {
    const { fail } = await type();
    await fail(new ApiError(400, { detail: 'A newer request' }, { code: 'superseded' }));
    expect(told).toEqual(['asking', 'gone']);
  });

  it('takes a text away that breaks off, and says so', async () => {
    const { write, fail } = await type();
    await write('retu');
    await fail(new ApiError(500, { detail: 'The text was lost' }, { code: 'stream_broken' }));
    expect(told).toEqual(['asking', 'first retu', 'gone', 'fault The text was lost']);
    expect(feedback).toEqual([]);
  });

  it('waits as long as the server asks before it asks again', async () => {
    const { fail } = await type();
    await fail(new ApiError(429, { detail: 'Too many requests' }, { retryAfterSeconds: 7 }));
    nowMs = 2_000;
    suggester.typed(() => ({ model: 'm', prompt: 'x' }));
    expect(pending?.delayMs).toBe(5_000);
    nowMs = 8_000;
    suggester.typed(() => ({ model: 'm', prompt: 'x' }));
    expect(pending?.delayMs).toBeLessThan(1_000);
  });

  it.each([401, 403])(
    'does not knock again after %i until it is told that something changed',
    async (status) => {
      const { fail } = await type();
      await fail(new ApiError(status, { detail: 'No' }));
      suggester.typed(() => ({ model: 'm', prompt: 'x' }));
      expect(pending?.delayMs).toBeUndefined();
      suggester.unbar();
      await type();
      expect(asked).toHaveLength(2);
    },
  );
});
