import { JOB_STATUSES, type JobStatus, KINDS } from '@genfleet/job';
import type { JobFilter, Page } from '@genfleet/ledger';
import { z } from 'zod';
import type {} from 'zod-openapi';
import { faultsOf } from './faults.ts';
import type { Fault } from './problem.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

const whole = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^-?\d{1,16}$/, { error: 'must be a whole number' })
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .default(fallback)
    // the document shows what it means, not that it comes as text
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum: min, maximum: max, default: fallback });
      },
    });

export const pageQuerySchema = z.object({
  limit: whole(1, MAX_LIMIT, DEFAULT_LIMIT),
  offset: whole(0, Number.MAX_SAFE_INTEGER, 0),
});

/** Which kind of job is meant; images unless it says otherwise. */
export const kindQuerySchema = z.object({ kind: z.enum(KINDS).default('txt2img') });

export const deadLetterQuerySchema = pageQuerySchema.extend(kindQuerySchema.shape);

const statusList = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .pipe(z.array(z.enum(JOB_STATUSES)).max(JOB_STATUSES.length));

export const listQuerySchema = pageQuerySchema.extend({
  grouping: z
    .string()
    .max(1_024)
    .optional()
    .meta({ description: 'Exact value of the metadata entry `grouping`' }),
  status: statusList.optional().meta({ description: 'One or several, separated by commas' }),
  model: z.string().max(256).optional(),
});

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: Fault[] };

/** Parameters the schema does not name are left alone, as the seed's API did; one given twice is a fault. */
export function parseQuery<T>(schema: z.ZodType<T>, url: string): Parsed<T> {
  const search = new URLSearchParams(url.slice(url.indexOf('?') + 1 || url.length));
  const given: Record<string, string> = {};
  for (const [name, value] of search) {
    if (Object.hasOwn(given, name))
      return { ok: false, faults: [{ path: name, message: 'given more than once' }] };
    given[name] = value;
  }
  const parsed = schema.safeParse(given);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, faults: faultsOf(parsed.error) };
}

export function filterOf(
  tenant: string,
  query: { grouping?: string | undefined; status?: JobStatus[] | undefined; model?: string | undefined },
): JobFilter {
  return {
    tenant,
    ...(query.grouping === undefined ? {} : { grouping: query.grouping }),
    ...(query.status === undefined ? {} : { status: query.status }),
    ...(query.model === undefined ? {} : { model: query.model }),
  };
}

/** `Link` header (RFC 8288) to the pages beside this one; the base is the request's own path. */
export function pageLinks(url: string, page: Page, total: number): string | undefined {
  const at = (offset: number, rel: string) => {
    const [path, search] = url.split('?', 2);
    const query = new URLSearchParams(search);
    query.set('limit', String(page.limit));
    query.set('offset', String(offset));
    return `<${path}?${query}>; rel="${rel}"`;
  };
  const links = [];
  if (page.offset > 0) links.push(at(Math.max(0, page.offset - page.limit), 'prev'));
  if (page.offset + page.limit < total) links.push(at(page.offset + page.limit, 'next'));
  return links.length > 0 ? links.join(', ') : undefined;
}
