import { GenfleetError, wrongWith } from '@genfleet/job';
import { z } from 'zod';

const duration = (defaultMs: number) => z.coerce.number().int().min(0).max(86_400_000).default(defaultMs);
const hours = (fallback: number) => z.coerce.number().min(0).max(1_000_000).default(fallback);
const count = (fallback: number, max = 1_000_000) =>
  z.coerce.number().int().min(1).max(max).default(fallback);
const wanted = (what: string) => ({ error: `wanted: ${what}` });
/** `True` and `False` are how Python writes them, in the .env files that people bring along. */
const truth = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0'], wanted('true or false')))
  .transform((text) => text === 'true' || text === '1');
const flag = truth.default(false);
/** First parts of paths that belong to the API itself, so that no page can hide them. */
const OWN_PATHS = [
  'images',
  'artifacts',
  'dead-letters',
  'models',
  'v1',
  'health',
  'metrics',
  'assets',
  'ledger',
  'jobs',
];
/** Where a page is served, without a slash at its end; undefined turns it off. */
const pagePath = (fallback: string) =>
  z
    .string()
    .regex(/^(?:\/[\w.~-]+)+\/?$|^none$/i, wanted('a path such as /docs, or None to turn the page off'))
    .refine(
      (path) => !OWN_PATHS.includes(path.split('/')[1] ?? ''),
      wanted('a path that the API does not use'),
    )
    .default(fallback)
    .transform((path) => (path.toLowerCase() === 'none' ? undefined : path.replace(/\/$/, '')));
const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);

const DAY_MS = 86_400_000;

/** Every variable that Genfleet reads, with its default. Durations are in ms unless the name says otherwise. */
const schema = z.object({
  DATA_DIR: z.string().min(1).default('./data'),
  BUS_URL: z
    .string()
    .regex(/^(sqlite:.|pulsar(\+ssl|\+ws|\+wss)?:\/\/)/, wanted('sqlite:<file>, pulsar://… or pulsar+ws://…'))
    .optional(),
  ARTIFACTS_URL: z
    .string()
    .regex(/^(file:.|s3:\/\/.)/, wanted('file:<folder> or s3://<bucket>/<prefix>'))
    .optional(),
  LEDGER_URL: z
    .string()
    .regex(/^(duckdb:|trino:\/\/.)/, wanted('duckdb: or duckdb:<folder>, or trino://user@host:port'))
    .optional(),
  LEDGER_PASSWORD: z.string().optional(),
  LEDGER_QUERY: truth.default(true),
  ARCHIVE: flag,
  ARCHIVE_URL: z
    .string()
    .regex(/^(file:.|s3:\/\/.)/, wanted('file:<folder> or s3://<bucket>/<prefix>'))
    .optional(),
  ARCHIVE_INTERVAL_SECONDS: count(3_600, 3_600),
  RECORDER_PORT: port(8_002),
  RETENTION_DAYS: z.coerce.number().min(0).max(36_500).default(0),
  ENGINE_URL: z
    .string()
    .regex(
      /^(embedded:|(https?|triton|openai\+https?):\/\/[^,\s]+)(,(embedded:|(https?|triton|openai\+https?):\/\/[^,\s]+))*$/,
      wanted('embedded:, http://…, triton://… or openai+http://…, several separated by commas'),
    )
    .default('embedded:')
    .transform((text) => text.split(',')),
  ENGINE_API_KEY: z.string().optional(),
  MODELS_FILE: z.string().min(1).optional(),
  COMPLETION_DEADLINE_SECONDS: count(120, 86_400),
  PROMPT_RETENTION_MS: duration(3_600_000),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  API_EXTERNAL_PORT: port(8_000),
  WORKER_PORT: port(8_001),
  WEB_DIR: z.string().min(1).optional(),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DOCS_URL: pagePath('/docs'),
  OPENAPI_URL: pagePath('/openapi.json'),
  REDOC_URL: pagePath('/redoc'),
  AUTH: z.enum(['none', 'gitlab']).optional(),
  BYPASS_EXTERNAL_AUTH: flag,
  TENANT_HEADER: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]*$/, wanted('the name of a header, X-Tenant say'))
    .optional(),
  OPERATORS: z
    .string()
    .default('')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .transform((names) => names.filter(Boolean)),
  GITLAB_API_URL: z
    .url({ protocol: /^https?$/, ...wanted('http(s)://host/api/v4/') })
    .refine(
      (url) => !URL.canParse(url) || isPlain(new URL(url)),
      wanted('an address without a user, a query or a fragment'),
    )
    .transform((url) => (url.endsWith('/') ? url : `${url}/`))
    .default('https://gitlab.com/api/v4/'),
  USE_LOCAL_CACHE: truth.optional(),
  REDIS_URL: z
    .string()
    .refine(
      (url) => /^rediss?:\/\/./.test(url) && URL.canParse(url),
      wanted('redis://host:6379 or rediss://…'),
    )
    .optional(),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).max(1_000_000).default(0),
  TRITON_HOST: z
    .string()
    .regex(/^[\w.-]+$|^\[[\da-f:.]+\]$/i, wanted('a host name or address, without scheme and port'))
    .optional(),
  TRITON_PORT: z.coerce.number().int().min(1).max(65_535).default(8_001),
  TRITON_VERBOSITY: flag,
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  MAX_BODY_BYTES: count(262_144, 16_777_216),
  MAX_QUEUED_JOBS: count(100_000),
  MODELS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean),
    ),
  IMAGES_VIEW_HOURS: hours(0),
  COMPLETIONS_VIEW_HOURS: hours(24),
  RETRY_BACKOFF_MS: z
    .string()
    .regex(/^\d+(,\d+)*$/, wanted('waits in ms, separated by commas'))
    .default('1000,5000,25000')
    .transform((text) => text.split(',').map(Number)),
  WORKER_BATCH_JOBS: count(4, 64),
  IMAGE_PREVIEWS: z.coerce.number().int().min(0).max(150).default(4),
  TENANT_WEIGHTS: z
    .string()
    .regex(
      /^([^=,\s]+=\d+(\.\d+)?(,\s*|$))*$/,
      wanted('tenant=weight, separated by commas: team-a=3,team-b=1'),
    )
    .default('')
    .transform(weightsIn)
    .refine((weights) => Object.values(weights).every((weight) => weight > 0), wanted('weights above 0')),
  SCHEDULING_PATIENCE_SECONDS: count(60, 86_400),
  ENGINE_IDLE_TIMEOUT_MS: duration(120_000),
  DRAIN_GRACE_MS: duration(25_000),
  ARTIFACT_URL_TTL_SECONDS: count(3_600, 604_800),
  WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/=]+$/, wanted('whsec_ and base64'))
    .optional(),
  WEBHOOK_ALLOW_PRIVATE: flag,
  S3_ENDPOINT: z.url().optional(),
  S3_PUBLIC_ENDPOINT: z.url().optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_FORCE_PATH_STYLE: flag,
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  PULSAR_TOKEN: z.string().optional(),
  PULSAR_ADMIN_URL: z.url().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
});

type Parsed = z.output<typeof schema>;

type Environment = Readonly<Record<string, string | undefined>>;

/** What depends on other variables where it is not given. */
type Derived = Record<'BUS_URL' | 'ARTIFACTS_URL' | 'ARCHIVE_URL', string> &
  Record<'LEDGER_URL', string | undefined> &
  Record<'PORT', number> &
  Record<'AUTH', 'none' | 'gitlab'> &
  Record<'USE_LOCAL_CACHE', boolean>;

/** Options of all services, typed and complete. */
export type Config = Omit<Parsed, keyof Derived> & Derived;

/**
 * Reads the environment once. Pure.
 * @throws GenfleetError `invalid_configuration` that lists every fault: the variable, what was given, what is wanted.
 */
export function readConfig(env: Environment): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given, { error: wrongWith });
  const faults = parsed.success ? contradictions(parsed.data, given) : parsed.error.issues.map(faultOf);
  if (!parsed.success || faults.length > 0) {
    const lines = faults.map(({ name, message }) => {
      const colon = message.startsWith('wanted: ') ? ':' : '';
      return `  ${name}=${shown(name, given[name])}${colon} ${message}`;
    });
    throw new GenfleetError('invalid_configuration', `The environment is not valid:\n${lines.join('\n')}`);
  }
  const { data } = parsed;
  const artifactsUrl = data.ARTIFACTS_URL ?? `file:${data.DATA_DIR}/artifacts`;
  const busUrl = data.BUS_URL ?? `sqlite:${data.DATA_DIR}/fleet.db`;
  return {
    ...data,
    BUS_URL: busUrl,
    // a fleet's ledger may be too large to be read through by whoever asks first
    LEDGER_URL: data.LEDGER_URL ?? (busUrl.startsWith('sqlite:') ? 'duckdb:' : undefined),
    ARTIFACTS_URL: artifactsUrl,
    ARCHIVE_URL: data.ARCHIVE_URL ?? `${artifactsUrl.replace(/\/$/, '')}/archive`,
    PORT: data.PORT ?? data.API_EXTERNAL_PORT,
    AUTH: data.AUTH ?? impliedAuth(given),
    USE_LOCAL_CACHE: data.USE_LOCAL_CACHE ?? data.REDIS_URL === undefined,
  };
}

interface NamedFault {
  readonly name: string;
  readonly message: string;
}

function faultOf(issue: { path: PropertyKey[]; message: string }): NamedFault {
  return { name: String(issue.path[0]), message: issue.message };
}

/** What each variable allows and all together do not. */
function contradictions(parsed: Parsed, given: Environment): NamedFault[] {
  const faults: NamedFault[] = [];
  if (parsed.USE_LOCAL_CACHE === false && parsed.REDIS_URL === undefined) {
    const message = 'wanted: REDIS_URL as well, where the answers are kept then';
    faults.push({ name: 'USE_LOCAL_CACHE', message });
  }
  const auth = parsed.AUTH ?? impliedAuth(given);
  if (auth !== 'none' && parsed.TENANT_HEADER !== undefined) {
    faults.push({
      name: 'TENANT_HEADER',
      message: `wanted: AUTH=none, since with AUTH=${auth} any caller could send it`,
    });
  }
  const named = auth === 'none' ? /^(\*|[\w.@-]{1,128})$/ : /^(\*|[0-9a-f]{16})$/i;
  if (!parsed.OPERATORS.every((name) => named.test(name))) {
    const names = auth === 'none' ? 'names of tenants' : 'ids of callers, 16 hex digits each';
    faults.push({ name: 'OPERATORS', message: `wanted: ${names}, or * for all` });
  }
  const pages = ['DOCS_URL', 'OPENAPI_URL', 'REDOC_URL'] as const;
  pages.forEach((page, index) => {
    const twin = pages.slice(0, index).find((other) => parsed[page] && parsed[other] === parsed[page]);
    if (!twin) return;
    // the fault is in the one that somebody wrote
    const [name, other] = given[page] === undefined ? [twin, page] : [page, twin];
    faults.push({ name, message: `wanted: another path than that of ${other}` });
  });
  return faults;
}

/** Whoever names GitLab or its check wants the check: an old .env must not open the service. */
function impliedAuth(given: Environment): 'none' | 'gitlab' {
  const names = ['GITLAB_API_URL', 'BYPASS_EXTERNAL_AUTH'];
  return names.some((name) => given[name] !== undefined) ? 'gitlab' : 'none';
}

function isPlain({ username, password, search, hash }: URL): boolean {
  return [username, password, search, hash].every((part) => part === '');
}

/** Secrets, and what may have one in it by mistake, are not repeated. */
function shown(name: string, value: string | undefined): string {
  const isHidden =
    /SECRET|TOKEN|KEY|PASSWORD|OPERATORS/.test(name) || (/_URL$/.test(name) && /[@?]/.test(value ?? ''));
  return isHidden ? '(hidden)' : JSON.stringify(value);
}

/** `readConfig` on the environment of this process: the one place where it is read. */
export function loadConfig(): Config {
  return readConfig(process.env);
}

/** What the configuration says of the topics, as the bus's `fleetTopics` wants it. */
export function topicPolicy(
  config: Pick<Config, 'PROMPT_RETENTION_MS' | 'RETENTION_DAYS' | 'WEBHOOK_SECRET'>,
) {
  return {
    retentionMs: config.RETENTION_DAYS > 0 ? config.RETENTION_DAYS * DAY_MS : Number.POSITIVE_INFINITY,
    promptRetentionMs: config.PROMPT_RETENTION_MS,
    webhooks: config.WEBHOOK_SECRET !== undefined,
  };
}

/** Of `a=3,b=1`. */
function weightsIn(text: string): Readonly<Record<string, number>> {
  const pairs = text.split(',').map((pair) => pair.trim().split('='));
  return Object.fromEntries(pairs.filter(([name]) => name).map(([name, weight]) => [name, Number(weight)]));
}

const HOUR_MS = 3_600_000;

/** How far back the view of each kind of job reaches, in ms; undefined for all jobs. */
export function viewWindows(config: Pick<Config, 'IMAGES_VIEW_HOURS' | 'COMPLETIONS_VIEW_HOURS'>) {
  const windowMs = (given: number) => (given === 0 ? undefined : given * HOUR_MS);
  return { txt2img: windowMs(config.IMAGES_VIEW_HOURS), completion: windowMs(config.COMPLETIONS_VIEW_HOURS) };
}
