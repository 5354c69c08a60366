export { chatPrompt } from './chat-prompt.ts';
export { fimPrompt } from './fim-prompt.ts';
export { type ModelSpec, modelSpecSchema, readModelsFile } from './model-spec.ts';
export { StopScanner } from './stop-scanner.ts';
export { IncrementalDecoder, loadTokenizer, type Tokenizer } from './tokenizer.ts';
