export type { Engine, GeneratedImage, ImageResult, ImageTask, StepProgress } from './engine.ts';
