import {
  type CompletionRequest,
  cancelRequest,
  decideCompletion,
  decodeNews,
  GenfleetError,
  type JobState,
  newJobId,
  progressTopic,
  type RequestedEvent,
  storedCompletionSchema,
  type TextEvent,
  topicOf,
  WORKER_SUBSCRIPTION,
} from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failedText, ScriptedTextEngine, says, untilStopped } from '../test/scripted-text-engine.ts';
import { checkEvents, createRig, type Rig } from '../test/worker-rig.ts';

let rig: Rig;
let heard: TextEvent[];
const ending = { signal: new AbortController() };

beforeEach(async () => {
  rig = await createRig();
  heard = [];
  ending.signal = new AbortController();
  const listening = Promise.withResolvers<void>();
  void (async () => {
    const options = { from: 'latest', signal: ending.signal.signal } as const;
    for await (const { messages } of rig.bus.read(progressTopic('completion'), options)) {
      listening.resolve();
      for (const message of messages) {
        const news = decodeNews(message.value);
        if (news.type === 'text') heard.push(news);
      }
    }
  })();
  await listening.promise;
});
afterEach(async () => {
  ending.signal.abort();
  await checkEvents(rig.bus);
  await rig.close();
});

function job(settings: Partial<CompletionRequest['settings']> = {}, more: Partial<CompletionRequest> = {}) {
  const nowMs = Date.now();
  const request: CompletionRequest = {
    settings: {
      ...{
        model: 'parrot',
        prompts: ['def secret_of_mine():'],
        max_tokens: 9,
        temperature: 0,
        top_p: 1,
        n: 1,
      },
      ...{ stop: [], echo: false, presence_penalty: 0, frequency_penalty: 0 },
      ...settings,
    },
    ...{ metadata: {}, interactive: true, stream: true, store: false, deadline_seconds: 60 },
    ...more,
  };
  return decideCompletion(request, { id: newJobId(nowMs), tenant: 'default', nowMs });
}

async function put(request: RequestedEvent): Promise<string> {
  await rig.publish(request);
  return request.id;
}

function outcomeOf(state: JobState) {
  if (!state.outcome) throw new Error('it has not ended');
  return state.outcome;
}

/** All messages of a topic, as text. */
async function written(type: 'started' | 'completed' | 'dead' | 'cancelled'): Promise<string> {
  let text = '';
  const signal = AbortSignal.timeout(10_000);
  for await (const { messages, caughtUp } of rig.bus.read(topicOf(type, 'completion'), {
    from: 'earliest',
    signal,
  })) {
    text += messages.map(({ value }) => value).join('\n');
    if (caughtUp) break;
  }
  return text;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a worker of texts', () => {
  it('sends each piece on, numbered, and the last one with the usage', async () => {
    await rig.startText(new ScriptedTextEngine((task) => says(task, ['a', 'b', 'c'])));
    const id = await put(job());
    const state = await rig.until(id, 'completed');
    await until(() => heard.at(-1)?.end !== undefined);
    expect(heard.map(({ seq }) => seq)).toEqual(heard.map((_, index) => index));
    expect(heard.length).toBeGreaterThan(3);
    expect(heard.flatMap(({ deltas }) => deltas.map(({ text }) => text))).toEqual(['a', 'b', 'c', '']);
    expect(heard.flatMap(({ deltas }) => deltas).at(-1)).toEqual({
      index: 0,
      text: '',
      finish_reason: 'stop',
    });
    const usage = { prompt_tokens: 7, completion_tokens: 3 };
    expect(heard.at(-1)?.end).toEqual({ model: 'parrot', usage });
    expect(outcomeOf(state)).toMatchObject({ type: 'completed', event: { usage, artifacts: [] } });
    await until(
      async () => (await rig.bus.backlog(topicOf('requested', 'completion'), WORKER_SUBSCRIPTION)) === 0,
    );
  });

  it('sends a text that nobody streams as one message', async () => {
    await rig.startText(new ScriptedTextEngine((task) => says(task, ['a', 'b', 'c'])));
    await rig.until(await put(job({}, { stream: false })), 'completed');
    await until(() => heard.length > 0);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatchObject({ seq: 0, deltas: [{ index: 0, text: 'abc', finish_reason: 'stop' }] });
  });

  it('makes n texts of each prompt, each with its seed, and counts each prompt once', async () => {
    const engine = new ScriptedTextEngine((task) =>
      says(task, [`${'prompt' in task.settings ? task.settings.prompt : ''}`]),
    );
    await rig.startText(engine);
    const state = await rig.until(
      await put(job({ prompts: ['x', [4, 5]], n: 2, seed: 10 }, { stream: false })),
      'completed',
    );
    await until(() => heard.at(-1)?.end !== undefined);
    const texts = heard.flatMap(({ deltas }) => deltas).sort((a, b) => a.index - b.index);
    expect(texts.map(({ index, text }) => [index, text])).toEqual([
      [0, 'x'],
      [1, 'x'],
      [2, '4,5'],
      [3, '4,5'],
    ]);
    expect(engine.tasks.map(({ settings }) => settings.seed)).toEqual([10, 11, 10, 11]);
    const usage = { prompt_tokens: 14, completion_tokens: 4 };
    expect(outcomeOf(state)).toMatchObject({ event: { usage } });
  });

  it('runs as many jobs at once as the engine takes', async () => {
    const both = Promise.withResolvers<void>();
    const engine = new ScriptedTextEngine(async (task, run) => {
      if (run === 2) both.resolve();
      await both.promise;
      return says(task, ['done']);
    });
    await rig.startText(engine);
    const ids = await Promise.all([put(job()), put(job())]);
    for (const id of ids) await rig.until(id, 'completed');
  });

  it('keeps prompt and text only when it is told to', async () => {
    await rig.startText(new ScriptedTextEngine((task) => says(task, ['return ', '42'])));
    const forgotten = await rig.until(await put(job()), 'completed');
    expect(JSON.stringify(forgotten)).not.toContain('secret_of_mine');
    const kept = await rig.until(await put(job({}, { store: true, interactive: false })), 'completed');
    expect(JSON.stringify(kept)).toContain('secret_of_mine');
    const { bytes, contentType } = await rig.artifacts.get(`${kept.id}.json`);
    expect(contentType).toBe('application/json');
    const stored = storedCompletionSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    expect(stored.choices).toEqual([{ index: 0, text: 'return 42', finish_reason: 'stop' }]);
    await expect(rig.artifacts.get(`${forgotten.id}.json`)).rejects.toMatchObject({
      code: 'artifact_not_found',
    });
    expect(await written('completed')).not.toMatch(/secret_of_mine|return/);
  });

  it('leaves no prompt in a dead letter that may not hold one, which then can not come back', async () => {
    const broken = new GenfleetError('context_length_exceeded', 'too long');
    await rig.startText(new ScriptedTextEngine(async () => failedText(broken)));
    const state = await rig.until(await put(job()), 'dead');
    expect(outcomeOf(state)).toMatchObject({ event: { error: { code: 'context_length_exceeded' } } });
    expect((await written('dead')) + JSON.stringify(state)).not.toContain('secret_of_mine');
  });

  it('tries again what failed before a word was said', async () => {
    const lost = new GenfleetError('engine_unreachable', 'connection refused');
    const engine = new ScriptedTextEngine((task, run) =>
      run < 3 ? Promise.resolve(failedText(lost)) : says(task, ['at last']),
    );
    await rig.startText(engine);
    const state = await rig.until(await put(job()), 'completed');
    expect(outcomeOf(state)).toMatchObject({ event: { attempt: 3 } });
    await until(() => heard.at(-1)?.end !== undefined);
    expect(heard[0]).toMatchObject({ attempt: 3, seq: 0 });
  });

  it('gives up a text whose beginning a client has read, and tries again one that nobody streams', async () => {
    const broken = new GenfleetError('engine_failed', 'the stream broke');
    const engine = new ScriptedTextEngine(async (task, run) => {
      if (run % 2 === 0) return says(task, ['whole']);
      task.onDelta({ text: 'half' });
      return failedText(broken);
    });
    await rig.startText(engine);
    await rig.until(await put(job()), 'dead');
    expect(engine.tasks).toHaveLength(1);
    engine.tasks.length = 0;
    await rig.until(await put(job({}, { stream: false })), 'completed');
    expect(heard.at(-1)?.deltas).toEqual([{ index: 0, text: 'whole', finish_reason: 'stop' }]);
  });

  it('stops the other texts of a job when one fails, and reports that one', async () => {
    const engine = new ScriptedTextEngine((task, run) =>
      run === 1
        ? untilStopped(task)
        : Promise.resolve(failedText(new GenfleetError('invalid_settings', 'no such thing'))),
    );
    await rig.startText(engine);
    const state = await rig.until(await put(job({ n: 2 })), 'dead');
    expect(outcomeOf(state)).toMatchObject({ event: { error: { code: 'invalid_settings' } } });
    expect(engine.tasks.every(({ signal }) => signal.aborted)).toBe(true);
  });

  it('stops a running text when its job is cancelled, and never starts one that was cancelled before', async () => {
    const engine = new ScriptedTextEngine(untilStopped);
    const early = job();
    await rig.publish(early);
    await rig.publish(cancelRequest(early, Date.now(), 'the client hung up'));
    await rig.until(early.id, 'cancelled');
    await rig.startText(engine);
    const late = job();
    await rig.publish(late);
    await until(() => engine.tasks.length > 0);
    expect(engine.tasks.map(({ id }) => id)).toEqual([late.id]);
    await rig.publish(cancelRequest(late, Date.now(), 'the client hung up'));
    await until(() => engine.tasks[0]?.signal.aborted === true);
    await until(
      async () => (await rig.bus.backlog(topicOf('requested', 'completion'), WORKER_SUBSCRIPTION)) === 0,
    );
    expect(await written('dead')).toBe('');
  });

  it('drops an interactive job that nobody waits for any more, running or not: it is no dead letter', async () => {
    const engine = new ScriptedTextEngine(untilStopped);
    const stale = { ...job(), deadline: new Date(Date.now() - 1).toISOString() };
    await rig.publish(stale);
    await rig.startText(engine);
    const state = await rig.until(stale.id, 'cancelled');
    expect(outcomeOf(state)).toMatchObject({ reason: expect.stringContaining('deadline') });
    expect(engine.tasks).toHaveLength(0);
    const slow = await put(job({}, { deadline_seconds: 0.3 }));
    await rig.until(slow, 'cancelled');
    expect(engine.tasks[0]?.signal.aborted).toBe(true);
    expect(await written('dead')).toBe('');
  });
});
