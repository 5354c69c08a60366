import type { ErrorCode, ModelInfo, Txt2ImgSettings } from '@genfleet/job';

/** What the engine's process is told. */
export type ToEngineProcess =
  | {
      readonly type: 'generate';
      readonly id: string;
      readonly settings: Txt2ImgSettings;
      readonly seeds: readonly number[];
    }
  | { readonly type: 'cancel'; readonly id: string };

export interface MadeImage {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

/** What it answers. `ready` comes once, before anything else. */
export type FromEngineProcess =
  | { readonly type: 'ready'; readonly models: readonly ModelInfo[] }
  | {
      readonly type: 'progress';
      readonly id: string;
      readonly step: number;
      readonly steps: number;
      readonly previewJpeg?: Uint8Array;
    }
  | {
      readonly type: 'done';
      readonly id: string;
      readonly images: readonly MadeImage[];
      readonly model: string;
      readonly modelLoadMs: number;
      readonly generateMs: number;
    }
  | { readonly type: 'failed'; readonly id: string; readonly code: ErrorCode; readonly message: string };
