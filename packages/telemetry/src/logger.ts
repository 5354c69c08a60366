import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

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

type Level = 'debug' | 'info' | 'warn' | 'error';

/** JSON lines; `with` binds fields for everything logged through the result. */
export interface Logger extends Record<Level, (fields: LogFields, message: string) => void> {
  with(fields: LogFields): Logger;
}

function wrap(inner: PinoLogger): Logger {
  return {
    debug: (fields, message) => inner.debug(fields, message),
    info: (fields, message) => inner.info(fields, message),
    warn: (fields, message) => inner.warn(fields, message),
    error: (fields, message) => inner.error(fields, message),
    with: (fields) => wrap(inner.child(fields)),
  };
}

/** `destination` defaults to standard output, written asynchronously is avoided so that a crash keeps its last line. */
export function createLogger(options: {
  level: string;
  service: string;
  destination?: DestinationStream;
}): Logger {
  const settings = { level: options.level, base: { service: options.service } };
  return wrap(options.destination ? pino(settings, options.destination) : pino(settings));
}
