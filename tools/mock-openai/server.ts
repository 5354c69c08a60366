import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerTo, type MockRequest, pieceLogprobs, promptTokens } from './answers.ts';

export interface MockSettings {
  /** Of an answer that no `max_tokens` or stop sequence ends. 240 tokens are 1.2 KB. */
  readonly tokens: number;
  /** Into how many chunks a streamed answer is cut; at most one for each token. */
  readonly chunks: number;
  /** Before each chunk, and before an answer that is not streamed as often as it would have chunks. */
  readonly delayMs: number;
  readonly contextTokens: number;
  readonly models: readonly string[];
  /** When set, the only bearer token that is let in. */
  readonly apiKey?: string | undefined;
}

export interface MockCounts {
  readonly started: number;
  readonly finished: number;
  /** Connections that were gone before the answer was out. */
  readonly aborted: number;
  readonly running: number;
}

/** Answers in place of the mock when it returns true. */
export type Misbehaviour = (request: MockRequest, response: ServerResponse) => boolean;

const DEFAULTS: MockSettings = {
  tokens: 240,
  chunks: 24,
  delayMs: 0,
  contextTokens: 4_096,
  models: ['mock'],
};
const CACHED_ANSWERS = 64;
const REQUESTS_KEPT = 100;
const CREATED = 1_700_000_000;

/**
 * An OpenAI-compatible server without a model: deterministic words at a pace of one's choice, counted requests, and
 * whatever misbehaviour a test gives it. Answers that were given before come from a cache, so that it takes little
 * of the machine it shares with what is measured.
 */
export class MockOpenAi {
  readonly #server: Server;
  readonly #cache = new Map<string, readonly Buffer[]>();
  settings: MockSettings;
  misbehaviour: Misbehaviour | undefined;
  /** The latest bodies, oldest first. */
  readonly requests: MockRequest[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  #started = 0;
  #finished = 0;
  #aborted = 0;
  #connections = 0;

  constructor(settings: Partial<MockSettings> = {}) {
    this.settings = { ...DEFAULTS, ...settings };
    this.#server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request, response) => {
      void this.#serve(request, response);
    });
    this.#server.on('connection', () => {
      this.#connections += 1;
    });
  }

  get counts(): MockCounts {
    const running = this.#started - this.#finished - this.#aborted;
    return { started: this.#started, finished: this.#finished, aborted: this.#aborted, running };
  }

  /** How many connections were ever made. */
  get connections(): number {
    return this.#connections;
  }

  /** Resolves with the base URL of its API. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '' } = request;
    if (request.method === 'GET') return this.#get(url, response);
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      return;
    }
    const text = Buffer.concat(parts).toString();
    if (url === '/mock/settings') {
      this.settings = { ...this.settings, ...JSON.parse(text) };
      this.#cache.clear();
      return json(response, 200, this.settings);
    }
    this.#started += 1;
    response.on('close', () => {
      if (response.writableFinished) this.#finished += 1;
      else this.#aborted += 1;
    });
    const body = JSON.parse(text) as MockRequest;
    this.#remember(body, request.headers);
    if (this.misbehaviour?.(body, response)) return;
    const refusal = this.#refusal(body, request);
    if (refusal) return json(response, refusal.status, { error: refusal });
    const isChat = url.endsWith('/chat/completions');
    const frames = this.#frames(text, body, isChat);
    const head = { 'content-type': body.stream ? 'text/event-stream; charset=utf-8' : 'application/json' };
    if (body.stream) this.#stream(response, head, frames);
    else this.#whole(response, head, frames);
  }

  #get(url: string, response: ServerResponse): void {
    if (url === '/mock/counts') json(response, 200, this.counts);
    else if (url.endsWith('/models')) json(response, 200, this.#list());
    else json(response, 404, { error: { message: 'no such path' } });
  }

  #list(): object {
    const { models, contextTokens } = this.settings;
    const data = models.map((id) => ({
      ...{ id, object: 'model', created: CREATED, owned_by: 'vllm', max_model_len: contextTokens },
    }));
    return { object: 'list', data };
  }

  #remember(body: MockRequest, headers: IncomingMessage['headers']): void {
    this.requests.push(body);
    this.headers.push(headers);
    if (this.requests.length <= REQUESTS_KEPT) return;
    this.requests.shift();
    this.headers.shift();
  }

  #refusal(body: MockRequest, { headers }: IncomingMessage) {
    const { apiKey, contextTokens, models } = this.settings;
    const { authorization } = headers;
    if (apiKey !== undefined && authorization !== `Bearer ${apiKey}`) {
      return { status: 401, message: `Incorrect API key: ${authorization}`, code: 'invalid_api_key' };
    }
    if (!models.includes(body.model ?? '')) {
      return { status: 404, message: `The model ${body.model} does not exist`, code: 'model_not_found' };
    }
    const wanted = promptTokens(body) + (body.max_tokens ?? 1);
    if (wanted <= contextTokens) return undefined;
    const message = `This model's maximum context length is ${contextTokens} tokens; ${wanted} are wanted`;
    return { status: 400, message, code: 'context_length_exceeded' };
  }

  /** The answer ready to be sent: the events of a stream, or one body. */
  #frames(text: string, body: MockRequest, isChat: boolean): readonly Buffer[] {
    const known = this.#cache.get(text);
    if (known) return known;
    const frames = body.stream ? this.#events(body, isChat) : [this.#body(body, isChat)];
    if (this.#cache.size >= CACHED_ANSWERS) this.#cache.clear();
    if (body.temperature === 0 || body.seed !== undefined) this.#cache.set(text, frames);
    return frames;
  }

  #events(body: MockRequest, isChat: boolean): readonly Buffer[] {
    const { tokens, chunks } = this.settings;
    const answer = answerTo(body, tokens, chunks);
    const choice = (piece: string, finish_reason: string | null) =>
      event(body, isChat, [
        isChat
          ? { index: 0, delta: { content: piece }, logprobs: pieceLogprobs(piece, body), finish_reason }
          : { index: 0, text: piece, logprobs: pieceLogprobs(piece, body), finish_reason },
      ]);
    return [
      ...(isChat
        ? [event(body, true, [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }])]
        : []),
      ...answer.pieces.map((piece) => choice(piece, null)),
      // as servers do: what ends a text goes out together
      Buffer.concat([
        choice('', answer.finishReason),
        ...(body.stream_options?.include_usage ? [event(body, isChat, [], { usage: usageOf(answer) })] : []),
        Buffer.from('data: [DONE]\n\n'),
      ]),
    ];
  }

  #body(body: MockRequest, isChat: boolean): Buffer {
    const { tokens, chunks } = this.settings;
    const answer = answerTo(body, tokens, chunks);
    const text = answer.pieces.join('');
    const shared = { index: 0, logprobs: pieceLogprobs(text, body), finish_reason: answer.finishReason };
    const choice = isChat
      ? { ...shared, message: { role: 'assistant', content: text } }
      : { ...shared, text };
    const object = isChat ? 'chat.completion' : 'text_completion';
    return Buffer.from(
      JSON.stringify({ ...headOf(body, object), choices: [choice], usage: usageOf(answer) }),
    );
  }

  #stream(response: ServerResponse, head: Record<string, string>, frames: readonly Buffer[]): void {
    response.writeHead(200, head);
    const { delayMs } = this.settings;
    if (delayMs === 0) {
      for (const frame of frames) response.write(frame);
      response.end();
      return;
    }
    response.flushHeaders();
    let next = 0;
    const ticker = setInterval(() => {
      const frame = frames[next];
      next += 1;
      if (next < frames.length) response.write(frame);
      else response.end(frame);
    }, delayMs);
    response.on('close', () => clearInterval(ticker));
  }

  #whole(response: ServerResponse, head: Record<string, string>, [body]: readonly Buffer[]): void {
    const send = () => response.writeHead(200, { ...head, 'content-length': body?.length ?? 0 }).end(body);
    const { delayMs, chunks } = this.settings;
    if (delayMs === 0) return void send();
    const timer = setTimeout(send, delayMs * chunks);
    response.on('close', () => clearTimeout(timer));
  }
}

function headOf(body: MockRequest, object: string): object {
  return { id: 'cmpl-mock', object, created: CREATED, model: body.model };
}

function event(body: MockRequest, isChat: boolean, choices: readonly object[], more: object = {}): Buffer {
  const object = isChat ? 'chat.completion.chunk' : 'text_completion';
  return Buffer.from(`data: ${JSON.stringify({ ...headOf(body, object), choices, ...more })}\n\n`);
}

function usageOf({
  promptTokens: prompt_tokens,
  completionTokens: completion_tokens,
}: ReturnType<typeof answerTo>) {
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
