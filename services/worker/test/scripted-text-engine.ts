import type { TextEngine, TextResult, TextTask } from '@genfleet/engine';
import { GenfleetError, type ModelInfo } from '@genfleet/job';

type TextScript = (task: TextTask, run: number) => Promise<TextResult>;

/** Stands beside the real text engines, to make them fail on demand: it does what the test's script says. */
export class ScriptedTextEngine implements TextEngine {
  readonly name = 'scripted';
  readonly maxConcurrentTexts: number;
  /** What was asked for, in order. */
  readonly tasks: TextTask[] = [];
  readonly #script: TextScript;

  constructor(script: TextScript, maxConcurrentTexts = 4) {
    this.#script = script;
    this.maxConcurrentTexts = maxConcurrentTexts;
  }

  generateText(task: TextTask): Promise<TextResult> {
    this.tasks.push(task);
    return this.#script(task, this.tasks.length);
  }

  async models(): Promise<readonly ModelInfo[]> {
    return [{ name: 'parrot', kind: 'completion', aliases: [], samplers: [], demo: false }];
  }

  async health(): Promise<void> {}

  async close(): Promise<void> {}
}

/** Says each word as a piece of its own. */
export async function says(task: TextTask, words: readonly string[]): Promise<TextResult> {
  for (const text of words) {
    if (task.signal.aborted) return failedText(new GenfleetError('cancelled', 'the run was stopped'));
    task.onDelta({ text });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const usage = { prompt_tokens: 7, completion_tokens: words.length };
  return { ok: true, finishReason: 'stop', usage, model: 'parrot', modelLoadMs: 0, generateMs: 1 };
}

export function failedText(error: GenfleetError): TextResult {
  return { ok: false, error };
}

/** Waits until the signal says stop. */
export function untilStopped(task: TextTask): Promise<TextResult> {
  return new Promise((resolve) => {
    const stop = () => resolve(failedText(new GenfleetError('cancelled', 'the run was stopped')));
    if (task.signal.aborted) stop();
    else task.signal.addEventListener('abort', stop, { once: true });
  });
}
