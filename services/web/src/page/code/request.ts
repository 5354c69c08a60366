import type { Model, NewCompletion } from '@genfleet/client';

/** What stands around the cursor. */
export interface Surroundings {
  readonly before: string;
  readonly after: string;
}

export interface Wishes {
  readonly temperature: number;
  /** In tokens. */
  readonly length: number;
}

type Feature = NonNullable<Model['text']>['features'][number];

/** Characters in a token of code, taken low, so that what is sent fits the context without the model's tokenizer. */
const CHARS_PER_TOKEN = 2;
const DEFAULT_CONTEXT_TOKENS = 2_048;
/** More than a person's screen shows around the cursor, and less than the API takes as a body. */
const MAX_CHARS = 12_000;
/** Of that, what may stand after the cursor. */
const SUFFIX_SHARE = 0.25;
/** A suggestion that comes later is for a line long left. */
const DEADLINE_SECONDS = 20;

/** Small models go in circles without it. */
const DEMO_FREQUENCY_PENALTY = 0.3;

/** A suggestion ends with the paragraph, or where the next thing at the margin begins. */
const PARAGRAPH_ENDS = ['\n\n', '\ndef ', '\nclass '];
/** In the middle of a line only the rest of it is wanted. */
const LINE_ENDS = ['\n'];

/** The request for a suggestion at the cursor; undefined where there is nothing to go on. */
export function requestFor(
  { before, after }: Surroundings,
  { name, text, demo }: Model,
  { temperature, length }: Wishes,
): NewCompletion | undefined {
  if (before.trim() === '') return undefined;
  const maxTokens = Math.min(length, text?.max_tokens ?? length);
  const tokens = (text?.context_tokens ?? DEFAULT_CONTEXT_TOKENS) - maxTokens;
  const chars = Math.max(0, Math.min(MAX_CHARS, tokens * CHARS_PER_TOKEN));
  const can = (feature: Feature) => text?.features.includes(feature) === true;
  const fillsIn = can('suffix') && after.trim() !== '';
  const suffix = fillsIn ? linesFrom(after, Math.floor(chars * SUFFIX_SHARE)) : '';
  const [restOfLine = ''] = after.split('\n', 1);
  return {
    model: name,
    prompt: linesUpTo(before, chars - suffix.length),
    ...(suffix === '' ? {} : { suffix }),
    max_tokens: maxTokens,
    temperature,
    ...(demo && can('frequency_penalty') ? { frequency_penalty: DEMO_FREQUENCY_PENALTY } : {}),
    stop: restOfLine.trim() === '' ? PARAGRAPH_ENDS : LINE_ENDS,
    stream_options: { include_usage: true },
    deadline_seconds: DEADLINE_SECONDS,
  };
}

/** The end of a text, from the beginning of a line where there is one. */
function linesUpTo(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const end = text.slice(text.length - chars);
  return end.slice(end.indexOf('\n') + 1);
}

/** The beginning of a text, to the end of a line where there is one. */
function linesFrom(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const start = text.slice(0, chars);
  const lastBreak = start.lastIndexOf('\n');
  return lastBreak < 0 ? start : start.slice(0, lastBreak + 1);
}
