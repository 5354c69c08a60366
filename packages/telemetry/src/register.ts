/**
 * `node --import ./packages/telemetry/src/register.ts main.ts`: traces the process when
 * `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) names a collector, and loads nothing otherwise.
 *
 * The environment is read here and not through packages/config, because this runs before everything else:
 * whatever is imported first can't be instrumented any more. Only the standard `OTEL_*` variables are looked
 * at; the SDK itself reads the rest of them (headers, sampler, limits, resource attributes).
 */
import { isMainThread } from 'node:worker_threads';

const {
  OTEL_EXPORTER_OTLP_ENDPOINT,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
  OTEL_SDK_DISABLED,
  OTEL_SERVICE_NAME,
} = process.env;

const wanted = Boolean(OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
// worker threads inherit --import; what they do is seen from the main thread
if (wanted && OTEL_SDK_DISABLED !== 'true' && isMainThread) {
  const { startTracing } = await import('./start-tracing.ts');
  startTracing({ serviceName: OTEL_SERVICE_NAME, entryFile: process.argv[1] });
}
