import type { TextResult, TextTask } from '@genfleet/engine';
import { GenfleetError, type Usage } from '@genfleet/job';
import { StopScanner } from '@genfleet/models';
import type { Catalogue } from './catalogue.ts';
import { type Receiver, TransportError, type UpstreamRequest } from './exchange.ts';
import { withoutSecret } from './secret.ts';
import { type FinishedText, TextAnswer } from './text-answer.ts';
import type { TextModel } from './text-model.ts';
import { type TextRequest, textRequest } from './text-request.ts';

/** Where texts come from. */
export interface Upstream {
  readonly base: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Taken out of whatever the upstream says. */
  readonly secret: string | undefined;
  exchange(request: UpstreamRequest, receiver: Receiver, signal: AbortSignal): Promise<void>;
}

/** One text from the upstream. `stop` is aborted here when the task is cancelled, and elsewhere on closing. */
export async function generateText(
  upstream: Upstream,
  catalogue: Catalogue,
  task: TextTask,
  stop: AbortController,
): Promise<TextResult> {
  const cancel = () => stop.abort(new GenfleetError('cancelled', 'generation was cancelled'));
  if (task.signal.aborted) cancel();
  else task.signal.addEventListener('abort', cancel, { once: true });
  try {
    stop.signal.throwIfAborted();
    const startMs = performance.now();
    const name = task.settings.model;
    const model = catalogue.known(name) ?? (await catalogue.find(name));
    const request = textRequest(model, task.settings, task.whole);
    const text = await receive(upstream, model, request, task, stop.signal);
    stop.signal.throwIfAborted();
    return {
      ok: true,
      finishReason: text.finishReason,
      usage: text.usage ?? counted(model, request, task, text.text),
      model: model.info.name,
      modelLoadMs: 0,
      generateMs: performance.now() - startMs,
    };
  } catch (thrown) {
    return { ok: false, error: withoutSecret(failureOf(thrown, upstream, stop.signal), upstream.secret) };
  } finally {
    task.signal.removeEventListener('abort', cancel);
  }
}

async function receive(
  upstream: Upstream,
  model: TextModel,
  { path, body, localStops }: TextRequest,
  task: TextTask,
  signal: AbortSignal,
): Promise<FinishedText> {
  const { base, headers } = upstream;
  const request: UpstreamRequest = {
    method: 'POST',
    path: base.pathname + path + base.search,
    headers: {
      ...headers,
      'content-type': 'application/json',
      accept: task.whole ? 'application/json' : 'text/event-stream',
      ...(task.traceparent === undefined ? {} : { traceparent: task.traceparent }),
    },
    body,
  };
  const answer = new TextAnswer({
    // an abort in the middle of a chunk keeps back the rest of it
    onDelta: (delta) => (signal.aborted ? undefined : task.onDelta(delta)),
    scanner: localStops.length === 0 ? undefined : new StopScanner(localStops),
    topCount: task.settings.logprobs,
    keepsText: model.tokenizer !== undefined,
    mayBeWhole: task.whole ?? false,
  });
  try {
    await upstream.exchange(request, answer, signal);
  } catch (thrown) {
    if (!(thrown instanceof TransportError && thrown.isLostBeforeAnswer)) throw thrown;
    await upstream.exchange(request, answer, signal);
  }
  return answer.finish();
}

/** The count of a text whose upstream gave none. @throws GenfleetError `invalid_configuration` without a tokenizer. */
function counted(model: TextModel, { prompt }: TextRequest, task: TextTask, text: string): Usage {
  const { tokenizer } = model;
  if (!tokenizer || prompt === undefined) {
    const what = `model ${model.info.name}: its server counts no tokens, so it needs a tokenizer`;
    const forChats = prompt === undefined ? ' and a chat template' : '';
    throw new GenfleetError('invalid_configuration', what + forChats);
  }
  const isEchoed = task.settings.echo && typeof prompt === 'string' && text.startsWith(prompt);
  return {
    prompt_tokens: typeof prompt === 'string' ? tokenizer.encode(prompt).length : prompt.length,
    completion_tokens: tokenizer.encode(isEchoed ? text.slice(prompt.length) : text).length,
  };
}

function failureOf(thrown: unknown, { base }: Upstream, signal: AbortSignal): GenfleetError {
  if (signal.aborted) return GenfleetError.from(signal.reason, 'cancelled');
  if (thrown instanceof TransportError) return thrown.toGenfleetError(base.origin);
  return GenfleetError.from(thrown, 'internal');
}
