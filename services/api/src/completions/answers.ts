import { type ChoiceDelta, mergeDeltas } from '@genfleet/job';
import type { Request, Response } from 'express';
import { DATA_HEADERS } from '../http/headers.ts';
import { openAiError } from '../http/problem.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { type AnswerHead, ChunkWriter, wholeAnswer } from './answer.ts';
import type { TextEnd, TextReader } from './live-text.ts';
import type { AnswerForm } from './openai-completion.ts';

/** A client that leaves so much of its text unread is not reading. */
const UNREAD_BYTES = 1024 * 1024;

/** One answer to one client. */
export interface Answering {
  readonly req: Request;
  readonly res: Response;
  readonly form: AnswerForm;
  readonly head: AnswerHead;
  readonly onFirstText: () => void;
}

/** Collects the text and answers once it is whole. */
export class WholeReader implements TextReader {
  readonly #to: Answering;
  #deltas: ChoiceDelta[] = [];

  constructor(to: Answering) {
    this.#to = to;
  }

  onDeltas(deltas: readonly ChoiceDelta[]): void {
    if (this.#deltas.length === 0) this.#to.onFirstText();
    this.#deltas.push(...deltas);
  }

  onRestart(): void {
    this.#deltas = [];
  }

  canRestart(): boolean {
    return true;
  }

  onEnd(end: TextEnd): void {
    const { req, res, form, head } = this.#to;
    if (!end.ok) {
      sendProblem(req, res, end.problem);
      return;
    }
    const choices = mergeDeltas(this.#deltas).sort((a, b) => a.index - b.index);
    sendJson(res, 200, wholeAnswer(form, { ...head, model: end.model }, choices, end.usage), {
      'genfleet-job-id': head.id,
    });
  }
}

/**
 * Sends each piece on as it comes. Nothing is sent before the first, so that what fails until then is answered with a
 * status; what fails later ends the stream with an error event and without `[DONE]`.
 */
export class StreamReader implements TextReader {
  readonly #to: Answering;
  readonly #chunks: ChunkWriter;
  readonly #onSlow: () => void;

  constructor(to: Answering, onSlow: () => void) {
    this.#to = to;
    this.#chunks = new ChunkWriter(to.form, to.head);
    this.#onSlow = onSlow;
  }

  onDeltas(deltas: readonly ChoiceDelta[]): void {
    const { res, onFirstText } = this.#to;
    if (!res.headersSent) {
      onFirstText();
      this.#begin();
    }
    let text = '';
    for (const delta of deltas) text += this.#chunks.chunk(delta);
    res.write(text);
    if (res.writableLength > UNREAD_BYTES) this.#onSlow();
  }

  onRestart(): void {
    // nothing was sent
  }

  canRestart(): boolean {
    return !this.#to.res.headersSent;
  }

  onEnd(end: TextEnd): void {
    const { req, res, form } = this.#to;
    if (!end.ok) {
      if (!res.headersSent) sendProblem(req, res, end.problem);
      else if (!res.destroyed) res.end(`data: ${JSON.stringify(openAiError(end.problem).body)}\n\n`);
      return;
    }
    if (!res.headersSent) this.#begin();
    res.end(`${form.includeUsage ? this.#chunks.usage(end.usage) : ''}data: [DONE]\n\n`);
  }

  #begin(): void {
    const { res, head } = this.#to;
    res.writeHead(200, {
      ...DATA_HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      // proxies must not hold chunks back
      'x-accel-buffering': 'no',
      'genfleet-job-id': head.id,
    });
  }
}
