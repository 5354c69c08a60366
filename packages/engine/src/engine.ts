import type { GenfleetError, ModelInfo, Txt2ImgSettings } from '@genfleet/job';

export interface StepProgress {
  /** Steps done, 1…steps; 0 while the task waits for its model to be loaded. */
  readonly step: number;
  readonly steps: number;
  /** A small JPEG of the picture so far. */
  readonly previewJpeg?: Uint8Array;
}

/** One job's share of a batch. */
export interface ImageTask {
  readonly id: string;
  readonly settings: Txt2ImgSettings;
  /** One image per seed, in this order. */
  readonly seeds: readonly number[];
  /** Aborted when the job is cancelled or out of time: its part of the work stops within one step. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StepProgress) => void;
  /** W3C trace context for engines out of process. */
  readonly traceparent?: string;
}

/** A picture as the engine made it, not yet encoded for storage. */
export type GeneratedImage =
  | { readonly encoding: 'rgb'; readonly width: number; readonly height: number; readonly bytes: Uint8Array }
  | { readonly encoding: 'png'; readonly width: number; readonly height: number; readonly bytes: Uint8Array };

export type ImageResult =
  | {
      readonly ok: true;
      readonly images: readonly GeneratedImage[];
      /** Name of the model that ran, aliases resolved. */
      readonly model: string;
      readonly modelLoadMs: number;
      readonly generateMs: number;
    }
  | { readonly ok: false; readonly error: GenfleetError };

/** What runs models: of images, of text, or both. */
export interface Engine {
  /** Short name for logs and announcements: `embedded`, `diffusers`. */
  readonly name: string;
  /** @throws GenfleetError `engine_unreachable`. */
  models(): Promise<readonly ModelInfo[]>;
  /** Rejects with the reason when the engine can't take work. */
  health(): Promise<void>;
  close(): Promise<void>;
}

/** What runs an image model. One generation at a time; a worker owns one engine. */
export interface ImageEngine extends Engine {
  /**
   * Whether it takes the next batch while one that reported its last step is being finished, and begins with it by
   * itself: its device then has nothing to wait for between two runs.
   */
  readonly queuesNext?: boolean;
  /** Largest number of images in one batch over all tasks; 1 when it can't batch. */
  readonly maxBatchImages: number;
  /**
   * Runs tasks that share model, size, steps, cfg scale and sampler as one batch. Answers one result per task,
   * in order; never rejects: what goes wrong for a task is its result. An image depends only on its settings
   * and seed, not on its company in the batch.
   */
  generateImages(tasks: readonly ImageTask[]): Promise<readonly ImageResult[]>;
}
