import type { z } from 'zod';
import type { Fault } from './problem.ts';

type Issue = z.core.$ZodIssue;

const NAME_CHARS = 80;

/** Names are the client's own, and may be as long as its body. */
const shortName = (name: PropertyKey) => String(name).slice(0, NAME_CHARS);

/** Faults named in one answer: a body of nothing but faults must not get one of ten times its size. */
const NAMED_FAULTS = 100;

/**
 * Every issue of a parse `IN_PLAIN_WORDS` as a fault with its path; unknown fields become one each. Beyond a hundred they
 * are only counted.
 */
export function faultsOf(error: z.ZodError): Fault[] {
  const faults = worthSaying(error.issues).flatMap((issue): Fault[] => {
    const path = issue.path.map(shortName);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, shortName(key)].join('.'),
        message: 'unknown field',
      }));
    }
    return [{ path: path.join('.') || 'body', message: issue.message }];
  });
  const more = faults.length - NAMED_FAULTS;
  if (more <= 0) return faults;
  return [...faults.slice(0, NAMED_FAULTS), { path: 'body', message: `has ${more} more faults` }];
}

/**
 * Without what says one thing twice: how long a value of the wrong type is, and of two upper bounds the wider, which every
 * whole number has from its type.
 */
function worthSaying(issues: readonly Issue[]): readonly Issue[] {
  const wrongTypes = new Set<string>();
  const narrowest = new Map<string, Issue>();
  for (const issue of issues) {
    const path = pathOf(issue);
    if (issue.code === 'invalid_type') wrongTypes.add(path);
    const known = narrowest.get(path);
    if (issue.code === 'too_big' && !(known?.code === 'too_big' && known.maximum <= issue.maximum)) {
      narrowest.set(path, issue);
    }
  }
  return issues.filter((issue) => {
    if (issue.code === 'invalid_type') return true;
    const path = pathOf(issue);
    return !wrongTypes.has(path) && (issue.code !== 'too_big' || narrowest.get(path) === issue);
  });
}

const pathOf = ({ path }: Issue) => path.map(String).join('\n');
