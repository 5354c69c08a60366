import { GenfleetError } from '@genfleet/job';
import { z } from 'zod';

const duration = (defaultMs: number) => z.coerce.number().int().min(0).max(86_400_000).default(defaultMs);
const count = (fallback: number, max = 1_000_000) =>
  z.coerce.number().int().min(1).max(max).default(fallback);
const wanted = (what: string) => ({ error: `wanted: ${what}` });
const flag = z
  .enum(['true', 'false', '1', '0'])
  .default('false')
  .transform((text) => text === 'true' || text === '1');

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
  ENGINE_URL: z
    .string()
    .regex(/^(embedded:$|https?:\/\/)/, wanted('embedded: or http://… of a model container'))
    .default('embedded:'),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8_000),
  WORKER_PORT: z.coerce.number().int().min(0).max(65_535).default(8_001),
  WEB_DIR: z.string().min(1).optional(),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  AUTH: z.enum(['none']).default('none'),
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
  RETRY_BACKOFF_MS: z
    .string()
    .regex(/^\d+(,\d+)*$/, wanted('waits in ms, separated by commas'))
    .default('1000,5000,25000')
    .transform((text) => text.split(',').map(Number)),
  WORKER_BATCH_JOBS: count(4, 64),
  ENGINE_IDLE_TIMEOUT_MS: duration(120_000),
  DRAIN_GRACE_MS: duration(25_000),
  ARTIFACT_URL_TTL_SECONDS: count(3_600, 604_800),
  WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/=]+$/, wanted('whsec_ and base64'))
    .optional(),
  WEBHOOK_ALLOW_PRIVATE: flag,
  S3_ENDPOINT: z.url().optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_FORCE_PATH_STYLE: flag,
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  PULSAR_TOKEN: z.string().optional(),
  PULSAR_ADMIN_URL: z.url().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
});

type Parsed = z.output<typeof schema>;

/** Options of all services, typed and complete. */
export type Config = Omit<Parsed, 'BUS_URL' | 'ARTIFACTS_URL'> & { BUS_URL: string; ARTIFACTS_URL: string };

/**
 * Reads the environment once. Pure.
 * @throws GenfleetError `invalid_configuration` that lists every fault: the variable, what was given, what is wanted.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const value = /SECRET|TOKEN|KEY/.test(name) ? '(hidden)' : JSON.stringify(given[name]);
      return `  ${name}=${value}: ${issue.message}`;
    });
    throw new GenfleetError('invalid_configuration', `The environment is not valid:\n${faults.join('\n')}`);
  }
  const { DATA_DIR } = parsed.data;
  return {
    ...parsed.data,
    BUS_URL: parsed.data.BUS_URL ?? `sqlite:${DATA_DIR}/fleet.db`,
    ARTIFACTS_URL: parsed.data.ARTIFACTS_URL ?? `file:${DATA_DIR}/artifacts`,
  };
}

/** `readConfig` on the environment of this process: the one place where it is read. */
export function loadConfig(): Config {
  return readConfig(process.env);
}
