import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface PatientExporterOptions {
  readonly now: () => number;
  /** Called once when exports begin to fail and once when they work again. */
  readonly onChange: (down: Error | undefined) => void;
}

/**
 * Leaves a collector that fails alone for a while, twice as long each time, and throws away the spans of that
 * while unserialised. Otherwise a dead collector costs more than a live one: every batch is encoded, sent,
 * refused and tried again.
 */
export class PatientExporter implements SpanExporter {
  readonly #inner: SpanExporter;
  readonly #options: PatientExporterOptions;
  #pauseMs = 0;
  #resumeAtMs = 0;

  constructor(inner: SpanExporter, options: PatientExporterOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    if (this.#options.now() < this.#resumeAtMs) {
      // a success for the batch processor: there is nothing it could do about it
      done({ code: ExportResultCode.SUCCESS });
      return;
    }
    this.#inner.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.#recovered();
      else this.#failed(result.error ?? new Error('the collector refused the spans'));
      done({ code: ExportResultCode.SUCCESS });
    });
  }

  #recovered(): void {
    if (this.#pauseMs > 0) this.#options.onChange(undefined);
    this.#pauseMs = 0;
    this.#resumeAtMs = 0;
  }

  #failed(error: Error): void {
    if (this.#pauseMs === 0) this.#options.onChange(error);
    this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2), LONGEST_PAUSE_MS);
    this.#resumeAtMs = this.#options.now() + this.#pauseMs;
  }

  async forceFlush(): Promise<void> {
    await this.#inner.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }
}
