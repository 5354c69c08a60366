import { IN_PLAIN_WORDS, JOB_STATUSES, type JobStatus, KINDS, shownValue } from '@genfleet/job';
import type { JobFilter } from '@genfleet/ledger';
import { z } from 'zod';
import type {} from 'zod-openapi';
import { cursorAfter, idInCursor } from './cursor.ts';
import { faultsOf } from './faults.ts';
import type { Fault } from './problem.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** A whole number, as the text that a URL has. */
export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,16}$/, { error: ({ input }) => `${shownValue(input)} is not a whole number` })
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    // the document shows what it means, not that it comes as text
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum: min, maximum: max });
      },
    });

/** A moment as Unix time in ms; a day is its beginning in UTC. */
export const time = z
  .string()
  .refine((text) => TIME.test(text) && !Number.isNaN(Date.parse(text)), {
    error: ({ input }) => `${shownValue(input)} is not a time such as 2026-03-01T12:00:00Z or 2026-03-01`,
    abort: true,
  })
  .transform((text) => Date.parse(text));

/** One or several of these, separated by commas. */
export const listOf = <const T extends readonly string[]>(names: T) =>
  z
    .string()
    .transform((text) => text.split(',').map((name) => name.trim()))
    .superRefine((given, ctx) => {
      const unknown = given.find((name) => !names.includes(name));
      // under the parameter's own name, of which the list is only a way to write it
      if (unknown !== undefined) {
        ctx.addIssue({
          code: 'custom',
          continue: false,
          message: `${shownValue(unknown)} is not one of ${names.join(', ')}`,
        });
      }
    })
    .pipe(z.array(z.enum(names)).max(names.length))
    .meta({ description: 'One or several, separated by commas' });

const cursor = z
  .string()
  .transform((text, ctx) => {
    const id = idInCursor(text);
    if (id === undefined)
      ctx.addIssue({
        code: 'custom',
        continue: false,
        message: `${shownValue(text)} is not a cursor of this API`,
      });
    return id ?? z.NEVER;
  })
  .meta({
    description: 'Where the list goes on: `X-Next-Cursor` of the page before. Not together with `offset`',
  });

const limit = whole(1, MAX_LIMIT).default(DEFAULT_LIMIT);

/** Times and pages of every list that has a cursor. */
export const rangeShape = {
  from: time.optional().meta({ description: 'Requested at or after this time' }),
  to: time.optional().meta({ description: 'Requested before this time' }),
  limit,
  cursor: cursor.optional(),
};

const pageQuerySchema = z.object({
  limit,
  offset: whole(0, Number.MAX_SAFE_INTEGER).optional(),
  cursor: cursor.optional(),
});

/** Which kind of job is meant; images unless it says otherwise. */
export const kindQuerySchema = z.object({ kind: z.enum(KINDS).default('txt2img') });

interface Ranged {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}
interface Paged {
  readonly offset?: number | undefined;
  readonly cursor?: string | undefined;
}

export const inOrder = {
  check: ({ from = 0, to = Number.POSITIVE_INFINITY }: Ranged) => from <= to,
  says: { error: 'must not be before `from`', path: ['to'] },
};
const oneWay = {
  check: ({ offset, cursor }: Paged) => offset === undefined || cursor === undefined,
  says: { error: 'not together with `offset`', path: ['cursor'] },
};

export const deadLetterQuerySchema = pageQuerySchema
  .extend(kindQuerySchema.shape)
  .refine(oneWay.check, oneWay.says);

/** What jobs can be told apart by. */
export const filterShape = {
  grouping: z
    .string()
    .max(1_024)
    .optional()
    .meta({ description: 'Exact value of the metadata entry `grouping`' }),
  status: listOf(JOB_STATUSES).optional(),
  model: z.string().max(256).optional(),
  tenant: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({ description: 'Whose jobs; whoever is no operator may name only the own one' }),
};

export const listQuerySchema = pageQuerySchema
  .extend({ ...rangeShape, ...filterShape })
  .refine(inOrder.check, inOrder.says)
  .refine(oneWay.check, oneWay.says);

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: Fault[] };

/**
 * One parameter given twice is a fault. Those that the schema does not name are left alone, as the seed's API did, unless
 * the schema is strict.
 */
export function parseQuery<T>(schema: z.ZodType<T>, url: string): Parsed<T> {
  const search = new URLSearchParams(url.slice(url.indexOf('?') + 1 || url.length));
  const given: Record<string, string> = {};
  for (const [name, value] of search) {
    // `&=&=` gives nothing, however often
    if (name === '') continue;
    if (Object.hasOwn(given, name))
      return { ok: false, faults: [{ path: name, message: 'given more than once' }] };
    given[name] = value;
  }
  const parsed = schema.safeParse(given, IN_PLAIN_WORDS);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, faults: faultsOf(parsed.error) };
}

interface GivenFilter {
  readonly grouping?: string | undefined;
  readonly status?: readonly JobStatus[] | undefined;
  readonly model?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export function filterOf(
  tenant: string | undefined,
  { grouping, status, model, from, to }: GivenFilter,
): JobFilter {
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(grouping === undefined ? {} : { grouping }),
    ...(status === undefined ? {} : { status }),
    ...(model === undefined ? {} : { model }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to }),
  };
}

/** A page as it was given. */
export interface GivenPage {
  readonly limit: number;
  readonly offset?: number | undefined;
  readonly jobs: number;
  /** Of the last job, where there may be another behind it. */
  readonly lastId: string | undefined;
}

/**
 * Headers that name the pages beside this one (RFC 8288), under the request's own path. Who pages by `offset` is shown
 * the pages of that kind, unless this one is shorter than it should be; the way on by cursor is there for everybody.
 */
export function pageHeaders(url: string, { limit, offset, jobs, lastId }: GivenPage): Record<string, string> {
  const link = (rel: string, place: { offset: number } | { cursor: string }) => {
    const [path, search] = url.split('?', 2);
    const query = new URLSearchParams(search);
    for (const name of ['offset', 'cursor']) query.delete(name);
    query.set('limit', String(limit));
    for (const [name, value] of Object.entries(place)) query.set(name, String(value));
    return `<${path}?${query}>; rel="${rel}"`;
  };
  const links: string[] = [];
  if (offset !== undefined && offset > 0) links.push(link('prev', { offset: Math.max(0, offset - limit) }));
  const next = lastId === undefined ? undefined : cursorAfter(lastId);
  if (next !== undefined) {
    links.push(
      link('next', offset === undefined || jobs < limit ? { cursor: next } : { offset: offset + limit }),
    );
  }
  return {
    ...(links.length > 0 ? { link: links.join(', ') } : {}),
    ...(next === undefined ? {} : { 'x-next-cursor': next }),
  };
}
