export type { Span } from '@opentelemetry/api';
export { flushTraces } from './flush-traces.ts';
export { createLogger, type LogFields, type Logger } from './logger.ts';
export {
  type ApiMetrics,
  createApiMetrics,
  createRegistry,
  createWebhookMetrics,
  Registry,
  type WebhookMetrics,
  type WebhookOutcome,
} from './metrics.ts';
export { extractContext, injectContext } from './propagation.ts';
export { type SerializedError, serializeError } from './serialize-error.ts';
export { currentTraceId, failSpan, insideSpan, type SpanOptions, startSpan, withSpan } from './span.ts';
export { stepSpans } from './step-spans.ts';
export { createWorkerMetrics, type WorkerMetrics } from './worker-metrics.ts';
