import type { TextEngine, TextResult } from '@genfleet/engine';
import {
  type ChoiceDelta,
  type CompletedEvent,
  GenfleetError,
  mergeDeltas,
  type StoredCompletion,
  type Usage,
} from '@genfleet/job';
import { injectContext, insideSpan } from '@genfleet/telemetry';
import { completedHead } from '../completed.ts';
import type { Craft, Failure, Watch } from '../craft.ts';
import type { WorkerOptions } from '../options.ts';
import type { Publisher } from '../publish.ts';
import type { Run, Waiting } from '../run.ts';
import { storeFile } from '../store-file.ts';
import { type Choice, choicesOf } from './choices.ts';
import { TextOutbox } from './text-outbox.ts';

type TextRun = Run<'completion'>;
type Generated = Extract<TextResult, { ok: true }>;

/** All texts of one job, generated. */
export interface CompletionResult {
  readonly ok: true;
  readonly model: string;
  readonly modelLoadMs: number;
  readonly generateMs: number;
  readonly usage: Usage;
  /** What was written, when it is to be kept. */
  readonly choices: readonly ChoiceDelta[] | undefined;
}

/** Texts: as many jobs at once as the engine takes, each text sent on as it comes. */
export class TextCraft implements Craft<'completion', CompletionResult> {
  readonly kind = 'completion';
  readonly batchJobs = 1;
  readonly queuesNext = false;
  readonly swapsModels = false;
  readonly engine: TextEngine;
  readonly #options: WorkerOptions;
  readonly #publisher: Publisher;

  constructor({ engine }: { readonly engine: TextEngine }, options: WorkerOptions, publisher: Publisher) {
    this.engine = engine;
    this.#options = options;
    this.#publisher = publisher;
  }

  get slots(): number {
    return this.engine.maxConcurrentTexts;
  }

  choose(waiting: readonly Waiting<'completion'>[]): readonly Waiting<'completion'>[] {
    return waiting.slice(0, 1);
  }

  async run(runs: readonly TextRun[], watch: Watch): Promise<readonly (CompletionResult | Failure)[]> {
    return Promise.all(runs.map((run, index) => this.#complete(run, index, watch)));
  }

  async complete(run: TextRun, result: CompletionResult): Promise<CompletedEvent<'completion'>> {
    const { model, modelLoadMs, generateMs, usage, choices } = result;
    const storeStartMs = performance.now();
    const artifacts = choices ? [await this.#store(run, { model, choices: [...choices], usage })] : [];
    const store_ms = performance.now() - storeStartMs;
    const made = { model, model_load_ms: modelLoadMs, generate_ms: generateMs, store_ms };
    return { ...completedHead(this.#options, run, made), kind: 'completion', usage, artifacts };
  }

  #store({ request }: TextRun, text: { model: string; choices: ChoiceDelta[]; usage: Usage }) {
    const bytes = Buffer.from(JSON.stringify(text satisfies Partial<StoredCompletion>));
    return storeFile(this.#options.artifacts, `${request.id}.json`, bytes, 'application/json');
  }

  async #complete(run: TextRun, place: number, watch: Watch): Promise<CompletionResult | Failure> {
    const { request, attempt, claim } = run;
    const { id, redrive, stream, store, settings } = request;
    const kept: ChoiceDelta[] = [];
    const outbox = new TextOutbox({
      stream,
      head: { id, redrive, attempt, claim },
      send: (event) => this.#publisher.news(event, 'completion'),
    });
    const onDelta = (delta: ChoiceDelta) => {
      watch.progressed();
      if (store) kept.push(delta);
      outbox.add(delta);
    };
    const choices = choicesOf(settings);
    const results = await this.#generateAll(run, choices, { onDelta, traceparent: traceOf(watch, place) });
    const failed = results.find((result) => !result.ok);
    if (failed && !failed.ok) return { ok: false, error: finalError(request, outbox, failed.error) };
    const result = summary(choices, results as readonly Generated[], store ? mergeDeltas(kept) : undefined);
    outbox.end({ model: result.model, usage: result.usage });
    return result;
  }

  /** Up to `slots` texts of a job at once; the first that fails stops the others. */
  async #generateAll(
    { request, abort }: TextRun,
    choices: readonly Choice[],
    { onDelta, traceparent }: { onDelta: (delta: ChoiceDelta) => void; traceparent: string | undefined },
  ): Promise<readonly TextResult[]> {
    const failed = new AbortController();
    const signal = choices.length === 1 ? abort.signal : AbortSignal.any([abort.signal, failed.signal]);
    const results: TextResult[] = [];
    const waiting = choices.values();
    const one = async ({ index, settings }: Choice) => {
      const result = await this.engine.generateText({
        id: choices.length === 1 ? request.id : `${request.id}-${index}`,
        settings,
        signal,
        whole: !request.stream,
        ...(traceparent === undefined ? {} : { traceparent }),
        onDelta: ({ text, tokens }) =>
          onDelta({ index, text, ...(tokens === undefined ? {} : { tokens: [...tokens] }) }),
      });
      if (result.ok) onDelta({ index, text: '', finish_reason: result.finishReason });
      results[index] = result;
      // the failure that came first is the one to report
      if (!result.ok && !signal.aborted) failed.abort('cancelled');
    };
    const lane = async () => {
      for (const choice of waiting) {
        if (failed.signal.aborted) return;
        await one(choice);
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.slots, choices.length) }, lane));
    return failed.signal.aborted ? results.filter((result) => !result.ok && !isCancelled(result)) : results;
  }
}

function isCancelled(result: TextResult): boolean {
  return !result.ok && result.error.code === 'cancelled';
}

function traceOf(watch: Watch, place: number): string | undefined {
  return insideSpan(watch.span(place), injectContext)['traceparent'];
}

/** A client that has read the beginning of a text can't be given another one: then there is no second attempt. */
function finalError(request: TextRun['request'], outbox: TextOutbox, error: GenfleetError): GenfleetError {
  if (!error.retryable || !request.interactive || !request.stream || !outbox.hasSent) return error;
  return new GenfleetError(error.code, error.message, { cause: error, retryable: false });
}

function summary(
  choices: readonly Choice[],
  results: readonly Generated[],
  text: readonly ChoiceDelta[] | undefined,
): CompletionResult {
  const usage = { prompt_tokens: 0, completion_tokens: 0 };
  for (const [index, result] of results.entries()) {
    if (choices[index]?.countsPrompt) usage.prompt_tokens += result.usage.prompt_tokens;
    usage.completion_tokens += result.usage.completion_tokens;
  }
  return {
    ok: true,
    model: results[0]?.model ?? '',
    modelLoadMs: Math.max(...results.map(({ modelLoadMs }) => modelLoadMs)),
    generateMs: Math.max(...results.map(({ generateMs }) => generateMs)),
    usage,
    choices: text,
  };
}
