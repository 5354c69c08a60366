import { decideCompletion, type JobEvent, type JobState, type TextEvent, topicOf } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ID, NOW_MS, stateOf } from '../../test/job-events.ts';
import type { Api } from '../api.ts';
import { JobListeners } from '../feeds/job-listeners.ts';
import { LiveText, type TextEnd } from './live-text.ts';
import { Sessions } from './sessions.ts';

const request = decideCompletion(
  {
    settings: {
      ...{
        model: 'parrot',
        prompts: ['x'],
        max_tokens: 9,
        temperature: 0,
        top_p: 1,
        n: 1,
        stop: [],
        echo: false,
      },
      ...{ presence_penalty: 0, frequency_penalty: 0 },
    },
    ...{
      metadata: {},
      interactive: true,
      stream: true,
      store: false,
      deadline_seconds: 30,
      session_sha256: 's',
    },
  },
  { id: ID, tenant: 'default', nowMs: NOW_MS },
);

const piece = (seq: number, text: string, more: Partial<TextEvent> = {}): TextEvent => ({
  ...{ type: 'text', id: ID, redrive: 0, attempt: 1, claim: 'c1', seq, deltas: [{ index: 0, text }] },
  ...more,
});
const end = { model: 'parrot', usage: { prompt_tokens: 1, completion_tokens: 2 } };

/** What LiveText needs of an API, and a reader that notes what it is told. */
function rig(canRestart = true) {
  const texts = new JobListeners<TextEvent>();
  const published: JobEvent[] = [];
  let changed: (change: { state: JobState }) => void = () => undefined;
  const stopping = new AbortController();
  const view = {
    onChange: (id: string | undefined, callback: typeof changed) => {
      if (id) changed = callback;
    },
  };
  const api = {
    texts,
    sessions: new Sessions(view as never, stopping.signal),
    stopping: stopping.signal,
    publisher: {
      publish: async (event: JobEvent) => {
        published.push(event);
        return { topic: topicOf(event.type, event.kind), messageId: '1', sha256: '' };
      },
    },
    options: { views: { completion: view }, clock: () => NOW_MS, log: { warn: () => undefined } },
  };
  const seen: string[] = [];
  const ends: TextEnd[] = [];
  const gone = new AbortController();
  const live = new LiveText(api as unknown as Api, request, {
    onDeltas: (deltas) => seen.push(...deltas.map(({ text }) => text)),
    onRestart: () => seen.push('restart'),
    canRestart: () => canRestart,
    onEnd: (each) => ends.push(each),
  });
  live.follow(gone.signal);
  const say = (...pieces: TextEvent[]) => {
    for (const each of pieces) texts.tell(each);
  };
  return {
    say,
    seen,
    ends,
    published,
    gone,
    api,
    live,
    change: (...events: JobEvent[]) => changed({ state: stateOf(...events) }),
  };
}

const head = { version: 1, id: ID, kind: 'completion', tenant: 'default', redrive: 0 } as const;
const cancelled = (reason: string): JobEvent => ({
  ...head,
  type: 'cancelled',
  reason,
  time: '2026-01-02T03:04:06.000Z',
});

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the text of a job that a client waits for', () => {
  it('is given in order and ends once', () => {
    const { say, seen, ends, published } = rig();
    say(piece(0, 'a'), piece(1, 'b'), piece(2, 'c', { end }), piece(3, 'beyond'));
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(ends).toEqual([{ ok: true, ...end }]);
    expect(published).toEqual([]);
  });

  it('is broken by a gap, which cancels the job; what comes twice is left out', () => {
    const { say, seen, ends, published } = rig();
    say(piece(0, 'a'), piece(0, 'a'), piece(2, 'c', { end }));
    expect(seen).toEqual(['a']);
    expect(ends).toMatchObject([{ ok: false, problem: { code: 'stream_broken' } }]);
    expect(published).toMatchObject([{ type: 'cancelled', id: ID }]);
  });

  it('is broken when its first piece was missed', () => {
    const { say, ends } = rig();
    say(piece(1, 'b', { end }));
    expect(ends).toMatchObject([{ ok: false, problem: { code: 'stream_broken' } }]);
  });

  it('begins again with a later attempt while nothing has left, and takes no notice of a rival', () => {
    const { say, seen, ends } = rig();
    say(piece(0, 'lost'), piece(0, 'rival', { claim: 'c9' }), piece(0, 'whole', { attempt: 2, claim: 'c2' }));
    say(piece(1, 'late', { claim: 'c1' }), piece(1, '', { attempt: 2, claim: 'c2', end }));
    expect(seen).toEqual(['lost', 'restart', 'whole', '']);
    expect(ends).toMatchObject([{ ok: true }]);
  });

  it('ends in an error when a later attempt begins after something has left', () => {
    const { say, seen, ends, published } = rig(false);
    say(piece(0, 'half'), piece(0, 'whole', { attempt: 2, claim: 'c2', end }));
    expect(seen).toEqual(['half']);
    expect(ends).toMatchObject([{ ok: false, problem: { code: 'stream_broken' } }]);
    expect(published).toHaveLength(1);
  });

  it.each([
    ['hangs up', (r: ReturnType<typeof rig>) => r.gone.abort(), 'stream_broken', 'hung up'],
    ['does not read', (r: ReturnType<typeof rig>) => r.live.tooSlow(), 'stream_broken', 'did not read'],
    [
      'types on',
      (r: ReturnType<typeof rig>) => r.api.sessions.began('s', `${ID}0`),
      'superseded',
      'Superseded',
    ],
    ['waited long enough', () => jest.advanceTimersByTime(31_001), 'timeout', 'Nobody waits'],
  ] as const)('is cancelled when the client %s', (_, happens, code, reason) => {
    const ours = rig();
    ours.say(piece(0, 'a'));
    happens(ours);
    expect(ours.ends).toMatchObject([{ ok: false, problem: { code } }]);
    expect(ours.published).toMatchObject([{ type: 'cancelled', reason: expect.stringContaining(reason) }]);
    ours.say(piece(1, 'b', { end }));
    ours.gone.abort();
    jest.advanceTimersByTime(60_000);
    expect(ours.seen).toEqual(['a']);
    expect(ours.ends).toHaveLength(1);
    expect(ours.published).toHaveLength(1);
  });

  it('is not superseded by an older job of the session, nor by one of another', () => {
    const { api, ends } = rig();
    api.sessions.began('s', '00000000-0000-7000-8000-000000000000');
    api.sessions.began('other', `${ID}0`);
    expect(ends).toEqual([]);
  });

  it('ends with the job when that ends elsewhere, without cancelling it again', () => {
    const { change, ends, published } = rig();
    change(request, cancelled('by hand'));
    expect(ends).toMatchObject([
      { ok: false, problem: { status: 409, detail: expect.stringContaining('by hand') } },
    ]);
    expect(published).toEqual([]);
  });

  it('was not ready in time when a worker saw its deadline pass', () => {
    const { change, ends, published } = rig();
    const time = request.deadline ?? '';
    change(request, { ...head, type: 'cancelled', reason: 'Not completed by its deadline', time });
    expect(ends).toMatchObject([{ ok: false, problem: { status: 504, code: 'timeout' } }]);
    expect(published).toEqual([]);
  });

  it('is lost when its job completed and the last piece does not come', () => {
    const { say, change, ends } = rig();
    say(piece(0, 'a'));
    change(request, {
      ...head,
      ...{ type: 'completed', attempt: 1, worker: 'w', model: 'parrot', usage: end.usage, artifacts: [] },
      timings: { queued_ms: 0, model_load_ms: 0, generate_ms: 1, store_ms: 0 },
      complete_time: '2026-01-02T03:04:06.000Z',
    });
    expect(ends).toEqual([]);
    jest.advanceTimersByTime(2_001);
    expect(ends).toMatchObject([{ ok: false, problem: { code: 'stream_broken' } }]);
  });
});
