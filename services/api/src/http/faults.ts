import type { z } from 'zod';
import type { Fault } from './problem.ts';

const NAME_CHARS = 80;

/** Names are the client's own, and may be as long as its body. */
const shortName = (name: PropertyKey) => String(name).slice(0, NAME_CHARS);

/** Every issue of a parse `IN_PLAIN_WORDS` as a fault with its path; unknown fields become one each. */
export function faultsOf(error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    const path = issue.path.map(shortName);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, shortName(key)].join('.'),
        message: 'unknown field',
      }));
    }
    return [{ path: path.join('.') || 'body', message: issue.message }];
  });
}
