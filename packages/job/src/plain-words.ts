import type { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

const SHOWN_CHARS = 80;

/** What a schema may expect, for people who did not write it. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** A value as a message shows it: short, and only its kind where it has parts. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  // JSON has numbers that no double holds
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

/**
 * What is wrong with a value, as the predicate of a sentence: `is not a multiple of 8`. Never repeats the value, which may
 * be a secret. Messages that a schema has of its own are left as they are.
 */
export function wrongWith(issue: Issue): string {
  if (issue.input === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) {
    return 'required';
  }
  switch (issue.code) {
    case 'invalid_type':
      return typeof issue.input === 'number' && !Number.isFinite(issue.input)
        ? 'is not a finite number'
        : `is not ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `is not ${shownValue(issue.values[0])}`
        : `is not one of ${issue.values.map(String).join(', ')}`;
    case 'not_multiple_of':
      return `is not a multiple of ${issue.divisor}`;
    case 'too_small':
      return tooSmall(issue);
    case 'too_big':
      return tooBig(issue);
    case 'invalid_format':
      return issue.format === 'url'
        ? 'is not a URL that is taken here'
        : `is not of the form ${issue.pattern ?? issue.format}`;
    case 'unrecognized_keys':
      return `unknown field ${issue.keys.join(', ')}`;
    case 'invalid_key':
      return `its name ${issue.issues[0]?.message ?? 'is not valid'}`;
    default:
      return 'is nothing that is known here';
  }
}

function tooSmall({ origin, minimum, inclusive, input }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>) {
  const parts = partsOf(origin);
  if (parts === undefined)
    return `is ${inclusive === false ? 'not above' : 'below the minimum of'} ${minimum}`;
  return minimum === 1
    ? 'must not be empty'
    : `has ${countOf(input)} ${parts}; at least ${minimum} are wanted`;
}

function tooBig({ origin, maximum, inclusive, input }: z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>) {
  const parts = partsOf(origin);
  if (parts === undefined)
    return `is ${inclusive === false ? 'not below' : 'above the maximum of'} ${maximum}`;
  return `has ${countOf(input)} ${parts}; at most ${maximum} are allowed`;
}

/** What is counted; undefined where the value itself is compared. */
function partsOf(origin: string): string | undefined {
  if (origin === 'string') return 'characters';
  return origin === 'array' || origin === 'set' || origin === 'map' ? 'entries' : undefined;
}

const countOf = (input: unknown) =>
  typeof input === 'string' || Array.isArray(input) ? input.length : 'other';

/** What is wrong with a value, and the value: `513 is not a multiple of 8`. */
function sentence(issue: Issue): string {
  const wrong = wrongWith(issue);
  return wrong.startsWith('is ') ? `${shownValue(issue.input)} ${wrong}` : wrong;
}

/** For `safeParse(value, IN_PLAIN_WORDS)`: issues for people who did not write the schema. */
export const IN_PLAIN_WORDS = { error: sentence } as const;
