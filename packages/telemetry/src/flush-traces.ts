import { ProxyTracerProvider, type TracerProvider, trace } from '@opentelemetry/api';

interface Flushable extends TracerProvider {
  forceFlush(): Promise<void>;
}

const canFlush = (provider: TracerProvider): provider is Flushable => 'forceFlush' in provider;

/**
 * Sends what spans are still held, before `process.exit`. Never rejects, and takes no longer than `timeoutMs`:
 * a collector that is away must not hold up a shutdown.
 */
export async function flushTraces(timeoutMs = 2_000): Promise<void> {
  const registered = trace.getTracerProvider();
  const provider = registered instanceof ProxyTracerProvider ? registered.getDelegate() : registered;
  if (!canFlush(provider)) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([provider.forceFlush().catch(() => undefined), late]);
  clearTimeout(timer);
}
