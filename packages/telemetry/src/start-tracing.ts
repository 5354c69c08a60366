import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { register } from 'import-in-the-middle/register-hooks.mjs';
import { flushTraces } from './flush-traces.ts';
import { createLogger } from './logger.ts';
import { nameByRoute } from './name-by-route.ts';
import { PatientExporter } from './patient-exporter.ts';
import { serviceNameOf } from './service-name.ts';

/** Of the forty that there are; each would add spans, and most are of what is not used here. */
const INSTRUMENTED = 'http,undici,aws-sdk';
/** What these patch when an ES module imports it; what is required they find themselves. */
const PATCHED = ['http', 'https', 'node:http', 'node:https', '@aws-sdk/client-s3'];
/** Asked for by machines every few seconds: nobody wants to read their traces. */
const NOT_TRACED = /^\/(health|metrics)(\/|\?|$)/;

/**
 * Starts the OpenTelemetry SDK: spans over OTLP/HTTP (protobuf), W3C propagation, no metrics (Prometheus asks
 * for those), no logs, and no resource detectors that would ask a cloud's metadata address. To be called once,
 * before the modules to be traced are imported.
 */
export function startTracing(options: {
  serviceName: string | undefined;
  entryFile: string | undefined;
}): void {
  process.env['OTEL_NODE_ENABLED_INSTRUMENTATIONS'] ||= INSTRUMENTED;
  register({ include: PATCHED });
  const serviceName = options.serviceName || serviceNameOf(options.entryFile);
  const log = createLogger({ level: 'info', service: serviceName });
  const traceExporter = new PatientExporter(new OTLPTraceExporter(), {
    now: Date.now,
    onChange: (err) => {
      if (err) log.warn({ err }, 'the trace collector does not take spans; they are dropped until it does');
      else log.info({}, 'the trace collector takes spans again');
    },
  });
  const sdk = new NodeSDK({
    serviceName,
    autoDetectResources: true,
    traceExporter,
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: getNodeAutoInstrumentations({
      '@opentelemetry/instrumentation-http': {
        ignoreIncomingRequestHook: (request) => NOT_TRACED.test(request.url ?? ''),
        // a request of our own outside any job: polling a backing service
        requireParentforOutgoingSpans: true,
        applyCustomAttributesOnSpan: nameByRoute,
      },
      '@opentelemetry/instrumentation-aws-sdk': { suppressInternalInstrumentation: true },
      '@opentelemetry/instrumentation-undici': { requireParentforSpans: true },
    }),
  });
  sdk.start();
  process.once('beforeExit', () => void flushTraces());
}
