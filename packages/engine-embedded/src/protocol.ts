import type { TextDelta, TextSettings } from '@genfleet/engine';
import type { ErrorCode, FinishReason, ModelInfo, Txt2ImgSettings, Usage } from '@genfleet/job';

/** What the engine's process is told, and its threads are. Ids are the sender's own, each used once. */
export type ToEngineProcess =
  | {
      readonly type: 'generate';
      readonly id: string;
      readonly settings: Txt2ImgSettings;
      readonly seeds: readonly number[];
    }
  | { readonly type: 'generate-text'; readonly id: string; readonly settings: TextSettings }
  | { readonly type: 'cancel'; readonly id: string };

export interface MadeImage {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

export interface Timings {
  /** Name of the model that ran. */
  readonly model: string;
  readonly modelLoadMs: number;
  readonly generateMs: number;
}

/** What is said about one run; `done`, `written` and `failed` are the last. */
export type RunMessage = { readonly id: string } & (
  | {
      readonly type: 'progress';
      readonly step: number;
      readonly steps: number;
      readonly previewJpeg?: Uint8Array;
    }
  | ({ readonly type: 'done'; readonly images: readonly MadeImage[] } & Timings)
  | { readonly type: 'delta'; readonly delta: TextDelta }
  | ({ readonly type: 'written'; readonly finishReason: FinishReason; readonly usage: Usage } & Timings)
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
);

/** What the process answers. `ready` comes once, before anything else. */
export type FromEngineProcess =
  | { readonly type: 'ready'; readonly models: readonly ModelInfo[] }
  | RunMessage;

/** What a thread tells the process; the drawing one is `ready` once its model is loaded. */
export type FromEngineThread = { readonly type: 'ready'; readonly model: ModelInfo } | RunMessage;
