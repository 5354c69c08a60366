import type { z } from 'zod';
import type { Fault } from './problem.ts';

/** Every issue of a parse as a fault with its path; unknown fields become one each. */
export function faultsOf(error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'unknown field' }));
    }
    const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return [{ path: path.join('.') || 'body', message: isMissing ? 'required' : issue.message }];
  });
}
