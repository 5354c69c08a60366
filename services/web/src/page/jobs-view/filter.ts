/** The filters of the table as the address carries them, so that a view can be shared and reloaded. */
export interface JobFilter {
  /** Empty for all kinds, as every text below is where it does not filter. */
  readonly kind: string;
  readonly status: readonly Status[];
  readonly model: string;
  readonly tenant: string;
  readonly grouping: string;
  /** A range that ends now; empty beside `from` or `to`. */
  readonly last: Last | '';
  /** ISO 8601 in UTC; jobs that were asked for at this time or later. */
  readonly from: string;
  /** Likewise, before this time. */
  readonly to: string;
  /** Whether the charts are open. They ask the ledger, which is not free. */
  readonly charts: boolean;
}

export const STATUSES = ['queued', 'running', 'retrying', 'completed', 'dead', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

const HOUR_MS = 3_600_000;
const LASTS = {
  '1h': HOUR_MS,
  '12h': 12 * HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 168 * HOUR_MS,
  '30d': 720 * HOUR_MS,
} as const;
/** What servers have at hand: their views end somewhere, and what is older they have to ask the ledger for. */
const LAST = '12h';
export type Last = keyof typeof LASTS | 'all';

export const KINDS = ['txt2img', 'completion'] as const;

export const NO_FILTER: JobFilter = {
  kind: '',
  status: [],
  model: '',
  tenant: '',
  grouping: '',
  last: LAST,
  from: '',
  to: '',
  charts: false,
};

/** What an address says after its `?`. What makes no sense is left out: addresses are typed, too. */
export function filterOf(query: string): JobFilter {
  const given = new URLSearchParams(query);
  const text = (name: string) => given.get(name)?.trim() ?? '';
  const named = text('status').split(',');
  const [from, to] = [timeOf(text('from')), timeOf(text('to'))];
  const last = isLast(text('last')) ? text('last') : from + to === '' ? LAST : '';
  return {
    kind: KINDS.find((kind) => kind === text('kind')) ?? '',
    status: STATUSES.filter((status) => named.includes(status)),
    model: text('model'),
    tenant: text('tenant'),
    grouping: text('grouping'),
    last: last as Last | '',
    from: last === '' ? from : '',
    to: last === '' ? to : '',
    charts: text('charts') === 'open',
  };
}

function isLast(text: string): boolean {
  return text === 'all' || Object.hasOwn(LASTS, text);
}

/** The same moment as this page writes it, or nothing when it is none. */
function timeOf(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString();
}

/** The address of the table under a filter, with the history of a job over it if one is given. */
export function jobsHref(filter: JobFilter, id?: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    const text = name === 'charts' ? (value ? 'open' : '') : String(value);
    if (text !== '' && text !== NO_FILTER[name as 'last']) query.set(name, text);
  }
  // a comma may stand in an address as it is, and reads better
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return `#/jobs${id === undefined ? '' : `/${id}`}${text && `?${text}`}`;
}

/** From when to when the filter looks, in Unix ms; undefined where it has no bound. */
export interface Period {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

export function periodOf({ last, from, to }: JobFilter, nowMs: number): Period {
  if (last === 'all') return { fromMs: undefined, toMs: undefined };
  if (last !== '') return { fromMs: nowMs - LASTS[last], toMs: undefined };
  const ms = (text: string) => (text === '' ? undefined : Date.parse(text));
  return { fromMs: ms(from), toMs: ms(to) };
}

/** A period as the API takes it. */
export function boundsOf({ fromMs, toMs }: Period): { readonly from?: string; readonly to?: string } {
  return {
    ...(fromMs === undefined ? {} : { from: new Date(fromMs).toISOString() }),
    ...(toMs === undefined ? {} : { to: new Date(toMs).toISOString() }),
  };
}

/** Whether the filter is another than the one to begin with. */
export function isChanged(filter: JobFilter): boolean {
  return jobsHref({ ...filter, charts: false }) !== jobsHref(NO_FILTER);
}

/** A time for an input of type `datetime-local`, which knows the browser's own zone only. */
export function localTime(iso: string): string {
  if (iso === '') return '';
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The other way round; empty for what is no time. */
export function fromLocalTime(local: string): string {
  return timeOf(local);
}
