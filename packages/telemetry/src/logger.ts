import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { serializeError } from './serialize-error.ts';
import { currentTraceId } from './span.ts';

/** The closed set of fields a log line may carry beside its message and error. */
export interface LogFields {
  readonly service?: string;
  readonly tenant?: string;
  readonly jobId?: string;
  readonly kind?: string;
  readonly attempt?: number;
  readonly topic?: string;
  readonly subscription?: string;
  readonly model?: string;
  readonly engine?: string;
  readonly traceId?: string;
  readonly err?: unknown;
}

const FIELDS: Readonly<Record<keyof LogFields, true>> = {
  service: true,
  tenant: true,
  jobId: true,
  kind: true,
  attempt: true,
  topic: true,
  subscription: true,
  model: true,
  engine: true,
  traceId: true,
  err: true,
};

type Level = 'debug' | 'info' | 'warn' | 'error';

/** JSON lines; `with` binds fields for everything logged through the result. */
export interface Logger extends Record<Level, (fields: LogFields, message: string) => void> {
  with(fields: LogFields): Logger;
}

/** The type closes the set for literals only; an object passed on as a whole could bring a prompt or a key. */
function closed(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name in FIELDS));
}

function wrap(inner: PinoLogger): Logger {
  const at = (level: Level) => (fields: LogFields, message: string) => {
    if (inner.isLevelEnabled(level)) inner[level](closed(fields), message);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(inner.child(closed(fields))),
  };
}

/**
 * Logs JSON lines to `destination`, by default standard output, synchronously: a crash keeps its last line.
 * Lines written inside a span carry its `traceId`. `level` is one of pino's, or `silent`.
 */
export function createLogger(options: {
  level: string;
  service: string;
  destination?: DestinationStream;
}): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service },
    serializers: { err: serializeError },
    mixin: () => {
      const traceId = currentTraceId();
      return traceId === undefined ? {} : { traceId };
    },
    // a field that was given wins over the span that happens to be active
    mixinMergeStrategy: (given: object, mixed: object) => ({ ...mixed, ...given }),
  };
  return wrap(options.destination ? pino(settings, options.destination) : pino(settings));
}
