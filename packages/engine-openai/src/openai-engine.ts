import type { TextEngine, TextResult, TextTask } from '@genfleet/engine';
import { GenfleetError, type ModelInfo } from '@genfleet/job';
import type { ModelSpec } from '@genfleet/models';
import { Pool } from 'undici';
import { getJson } from './ask.ts';
import { Catalogue } from './catalogue.ts';
import { exchange } from './exchange.ts';
import { generateText, type Upstream } from './generate-text.ts';
import { withoutSecret } from './secret.ts';
import { configuredModels } from './text-model.ts';

export interface OpenAiEngineOptions {
  /** Where the API is: `openai+http://127.0.0.1:8000/v1`, `openai+https://api.example.com/v1`. */
  readonly url: string;
  /** Sent as a bearer token; never logged or shown. */
  readonly apiKey?: string | undefined;
  /** The file of models; those of other engines are passed over. Without any, the upstream's own list holds. */
  readonly models?: readonly ModelSpec[];
  /** Default 64; as many connections are kept. */
  readonly maxConcurrentTexts?: number;
  /** Until the upstream takes a connection. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Until an answer begins, and between two pieces of it. Default 120 s: a long prompt or a queue holds it up. */
  readonly silenceTimeoutMs?: number;
}

const DEFAULTS = { maxConcurrentTexts: 64, connectTimeoutMs: 10_000, silenceTimeoutMs: 120_000, models: [] };
/** For health and the list of models: never behind the texts in line. */
const ASK_CONNECTIONS = 2;
const ASK_TIMEOUT_MS = 10_000;

/**
 * The engine for any server of OpenAI's API: vLLM, llama.cpp, a provider. Nothing is asked of it before it is needed.
 * Tokens are counted by the upstream; where it sends no usage, by the model's tokenizer, and a text that nobody could
 * count fails.
 * @throws GenfleetError `invalid_configuration` for a URL or a model that is none.
 */
export async function openOpenAiEngine(options: OpenAiEngineOptions): Promise<TextEngine> {
  const limits = { ...DEFAULTS, ...options };
  const base = baseUrl(options.url);
  const models = await configuredModels(limits.models);
  const pool = (connections: number, timeoutMs: number) =>
    new Pool(base.origin, {
      connections,
      connectTimeout: limits.connectTimeoutMs,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      // one text a connection: its end is the text's end on both sides
      ...{ pipelining: 1, allowH2: false },
    });
  const texts = pool(limits.maxConcurrentTexts, limits.silenceTimeoutMs);
  const questions = pool(ASK_CONNECTIONS, Math.min(ASK_TIMEOUT_MS, limits.silenceTimeoutMs));
  const closed = new AbortController();
  const headers = { ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }) };
  const fetchList = () =>
    getJson({ pool: questions, base, path: 'models', headers, signal: closed.signal }).catch((thrown) => {
      throw withoutSecret(GenfleetError.from(thrown, 'internal'), options.apiKey);
    });
  const catalogue = new Catalogue(models, fetchList, () => performance.now());
  const running = new Set<AbortController>();
  const upstream: Upstream = {
    ...{ base, headers, secret: options.apiKey },
    exchange: (request, receiver, signal) => exchange(texts, request, receiver, signal),
  };

  return {
    name: 'openai',
    maxConcurrentTexts: limits.maxConcurrentTexts,
    models: (): Promise<readonly ModelInfo[]> => catalogue.infos(),
    async generateText(task: TextTask): Promise<TextResult> {
      if (closed.signal.aborted)
        return { ok: false, error: GenfleetError.from(closed.signal.reason, 'closed') };
      const stop = new AbortController();
      running.add(stop);
      try {
        return await generateText(upstream, catalogue, task, stop);
      } finally {
        running.delete(stop);
      }
    },
    async health(): Promise<void> {
      try {
        await fetchList();
      } catch (thrown) {
        // a server need not list models that the configuration names
        if (models.length > 0 && thrown instanceof GenfleetError && thrown.code === 'model_not_found') return;
        throw thrown;
      }
    },
    async close(): Promise<void> {
      const reason = new GenfleetError('closed', 'engine was closed');
      closed.abort(reason);
      for (const stop of running) stop.abort(reason);
      await Promise.all([texts.destroy(), questions.destroy()]);
    },
  };
}

function baseUrl(text: string): URL {
  const url = /^openai\+https?:/.test(text) ? URL.parse(text.slice('openai+'.length)) : null;
  // a key belongs in its own variable, which is never shown
  if (url?.username !== '' || url.password !== '') {
    const what = 'engine needs an address like openai+https://host/v1, without a user in it';
    throw new GenfleetError('invalid_configuration', what);
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
