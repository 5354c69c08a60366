import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';

/** The only message properties that are looked at: nothing else of a message can reach the tracing library. */
const PROPERTIES = ['traceparent', 'tracestate', 'baggage'] as const;
/** As the W3C recommendation bounds them (Trace Context §3.3.1.5, Baggage §3.3.2). */
const PROPERTY_CHARS = 8_192;

/**
 * Message properties that carry the active trace (W3C Trace Context: `traceparent`, and `tracestate` where
 * there is one). Empty while tracing is off.
 */
export function injectContext(): Record<string, string> {
  const properties: Record<string, string> = {};
  propagation.inject(context.active(), properties);
  return properties;
}

/** The trace that a message's properties carry, as `parent` of a span. Malformed ones start a new trace. */
export function extractContext(properties: Readonly<Record<string, string>>): Context {
  const carrier: Record<string, string> = {};
  for (const name of PROPERTIES) {
    const value = properties[name];
    if (value !== undefined && value.length <= PROPERTY_CHARS) carrier[name] = value;
  }
  return propagation.extract(ROOT_CONTEXT, carrier);
}
