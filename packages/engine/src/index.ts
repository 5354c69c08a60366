export type {
  Engine,
  GeneratedImage,
  ImageEngine,
  ImageResult,
  ImageTask,
  StepProgress,
} from './engine.ts';
export type { TextDelta, TextEngine, TextInput, TextResult, TextSettings, TextTask } from './text-engine.ts';
