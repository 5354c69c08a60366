import type { TextResult, TextTask } from '@genfleet/engine';
import { GenfleetError } from '@genfleet/job';
import type { CallLimits, TritonClient } from './client.ts';
import { streamFault } from './faults.ts';
import { featuresOf } from './features.ts';
import type { AnswerReader, Layout, Piece } from './layout.ts';
import type { KnownModel } from './loaded-models.ts';
import type { InferRequest } from './messages.ts';
import type { ModelShape } from './model-shape.ts';
import { planOf } from './plan.ts';
import { textLayout } from './text-layout.ts';
import { TextWriter } from './text-writer.ts';
import { tokensLayout } from './tokens-layout.ts';
import { Watchdog } from './watchdog.ts';

/** However slow: no text takes longer than this. */
const LONGEST_TEXT_MS = 30 * 60_000;

export interface Generation {
  readonly client: TritonClient;
  readonly model: KnownModel;
  readonly shape: ModelShape;
  readonly task: TextTask;
  /** Aborts the text, whoever wants that. */
  readonly abort: AbortController;
  /** Longest silence. */
  readonly silenceMs: number;
  readonly randomSeed: () => number;
}

type Succeeded = Extract<TextResult, { ok: true }>;

/** @throws GenfleetError, or what the signal was aborted with. */
export async function generate(generation: Generation): Promise<Succeeded> {
  const { model, shape, task } = generation;
  const startMs = performance.now();
  const plan = planOf(task.settings, model.spec, featuresOf(model, shape), model.tokenizer);
  const writer = new TextWriter(plan, model.tokenizer, task.onDelta);
  writer.begin();
  if (plan.maxTokens > 0) {
    const layout = layoutOf(generation);
    const contents = layout.request(plan, shape);
    const request = { model_name: model.tritonName, model_version: model.version, id: task.id, ...contents };
    const reader = layout.reader(plan, shape);
    if (shape.decoupled) await readStream(generation, request, reader, writer);
    else await readAnswer(generation, request, reader, writer);
  }
  const { finishReason, completionTokens } = writer.end();
  return {
    ok: true,
    finishReason,
    usage: { prompt_tokens: plan.promptIds.length, completion_tokens: completionTokens },
    model: model.spec.name,
    // Triton loads models itself, before it answers for them
    modelLoadMs: 0,
    generateMs: Math.round(performance.now() - startMs),
  };
}

function layoutOf({ model: { options, tokenizer }, shape, randomSeed }: Generation): Layout {
  return options.layout === 'text'
    ? textLayout(options, shape.decoupled, randomSeed)
    : tokensLayout(options, shape.decoupled, tokenizer, randomSeed);
}

async function readAnswer(
  generation: Generation,
  request: InferRequest,
  reader: AnswerReader,
  writer: TextWriter,
): Promise<void> {
  const response = await generation.client.infer(request, limits(generation, generation.silenceMs));
  if (!feed(generation, writer, reader.read(response))) feed(generation, writer, reader.end());
}

async function readStream(
  generation: Generation,
  request: InferRequest,
  reader: AnswerReader,
  writer: TextWriter,
): Promise<void> {
  const { client, abort, silenceMs } = generation;
  // the last answer may be an empty one that only says so
  const parameters = { triton_enable_empty_final_response: { bool_param: true } };
  const watchdog = new Watchdog(silenceMs, abort);
  let isFinal = false;
  try {
    const messages = client.stream({ ...request, parameters }, limits(generation, LONGEST_TEXT_MS));
    for await (const { error_message, infer_response } of messages) {
      watchdog.heard();
      if (error_message) throw streamFault(error_message);
      if (!infer_response) continue;
      if (feed(generation, writer, reader.read(infer_response))) return;
      isFinal ||= infer_response.parameters['triton_final_response']?.bool_param ?? false;
    }
  } finally {
    watchdog.stop();
  }
  if (!isFinal) throw new GenfleetError('engine_failed', 'Triton broke off its answer');
  feed(generation, writer, reader.end());
}

/** @returns whether the text is over. */
function feed({ abort: { signal } }: Generation, writer: TextWriter, pieces: Iterable<Piece>): boolean {
  for (const piece of pieces) {
    // pieces come many at once, and whoever takes one may have had enough of them
    signal.throwIfAborted();
    if (writer.take(piece)) return true;
  }
  signal.throwIfAborted();
  return false;
}

function limits({ abort, task }: Generation, timeoutMs: number): CallLimits {
  return { signal: abort.signal, timeoutMs, traceparent: task.traceparent };
}
