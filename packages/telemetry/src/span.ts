import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';

let tracer: Tracer | undefined;
/** At the first span tracing has begun, if it does; before, the SDK's copy of the API would not be asked. */
const ownTracer = () => (tracer ??= trace.getTracer('genfleet'));

export interface SpanOptions {
  /** What the span stands for; `producer` and `consumer` are the two ends of a message. Default `internal`. */
  readonly kind?: keyof typeof KINDS;
  /** Small values only: no prompts, no secrets. */
  readonly attributes?: Attributes;
  /** Where it hangs, from `extractContext`. Default: the span that is active now. */
  readonly parent?: Context;
  /** Unix time in ms, when it began before the call. */
  readonly startTimeMs?: number;
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Starts a span that the caller ends. Costs next to nothing while tracing is off. */
export function startSpan(name: string, options: SpanOptions = {}): Span {
  const { kind = 'internal', attributes, parent = context.active(), startTimeMs } = options;
  return ownTracer().startSpan(
    name,
    {
      kind: KINDS[kind],
      ...(attributes === undefined ? {} : { attributes }),
      ...(startTimeMs === undefined ? {} : { startTime: startTimeMs }),
    },
    parent,
  );
}

/**
 * Runs `run` inside a span and ends it with the outcome: what it threw is recorded and thrown on. Everything
 * started inside, across awaits, becomes its child.
 */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  run: (span: Span) => Promise<T> | T,
): Promise<T> {
  const parent = options.parent ?? context.active();
  const span = startSpan(name, { ...options, parent });
  try {
    return await within(parent, span, () => run(span));
  } catch (thrown) {
    failSpan(span, thrown);
    throw thrown;
  } finally {
    span.end();
  }
}

/** Marks a span as failed, for an outcome that is a value and not a throw. The caller still ends it. */
export function failSpan(span: Span, error: unknown): void {
  const known = error instanceof Error ? error : new Error(String(error));
  span.recordException(known);
  span.setStatus({ code: SpanStatusCode.ERROR, message: known.message.slice(0, 500) });
  if ('code' in known && typeof known.code === 'string') span.setAttribute('error.type', known.code);
}

/** Makes `span` the parent of everything that `run` starts. */
export function insideSpan<T>(span: Span, run: () => T): T {
  return within(context.active(), span, run);
}

/** A span that is none, as all are while tracing is off, needs no context made for it. */
function within<T>(parent: Context, span: Span, run: () => T): T {
  return isSpanContextValid(span.spanContext()) ? context.with(trace.setSpan(parent, span), run) : run();
}

/** The W3C trace id of the active span as 32 hex digits; undefined while tracing is off. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}
