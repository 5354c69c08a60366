import { join } from 'node:path';
import { MissingError, run, runScript } from '../../../tools/provision/script.ts';

export interface PythonSdk {
  /** What `openai_sdk.py` saw of this API. */
  run(baseUrl: string, model: string): Promise<Record<string, unknown>>;
}

/** The official OpenAI SDK in a Python of its own, or what is missing for it. @throws Error instead when `CI=true`. */
export async function providePythonSdk(): Promise<PythonSdk | string> {
  let python: string;
  try {
    python = await runScript('python-openai', ['provide']);
  } catch (error) {
    if (!(error instanceof MissingError) || process.env['CI'] === 'true') throw error;
    return error.message;
  }
  return {
    run: async (baseUrl, model) => {
      const ended = await run(python, [join(import.meta.dirname, 'openai_sdk.py'), baseUrl, model]);
      if (ended.code !== 0) throw new Error(ended.errors);
      return JSON.parse(ended.output) as Record<string, unknown>;
    },
  };
}
