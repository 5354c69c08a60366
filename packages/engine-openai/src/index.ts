export { type OpenAiEngineOptions, openOpenAiEngine } from './openai-engine.ts';
