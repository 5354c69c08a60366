import type { NewCompletion } from '@genfleet/client/types';

const MODEL = __ENV['LOAD_TEXT_MODEL'] || 'genfleet-demo-code';

/** What is typed, character by character, after what stands above it in the file. */
export const LINES: readonly { readonly above: string; readonly line: string; readonly below: string }[] = [
  {
    above: 'import os\n\n\ndef read_lines(path):\n    ',
    line: 'with open(path) as file:',
    below: '\n    return lines\n',
  },
  {
    above: 'class Queue:\n    def __init__(self):\n        ',
    line: 'self.items = []',
    below: '\n\n    def push(self, item):\n',
  },
  {
    above: 'def mean(values):\n    ',
    line: 'total = sum(values)',
    below: '\n    return total / len(values)\n',
  },
];

/** Fills the gap where the cursor is, as an editor asks for it. */
export function suggestionFor(above: string, below: string): NewCompletion {
  return { model: MODEL, prompt: above, suffix: below, max_tokens: 24, temperature: 0.2, stop: ['\n\n'] };
}

/** A text of so many tokens, which does not end before. */
export function longText(maxTokens: number): NewCompletion {
  const { above } = LINES[Math.floor(Math.random() * LINES.length)] ?? { above: 'import os\n' };
  return { model: MODEL, prompt: above, max_tokens: maxTokens, temperature: 1 };
}
