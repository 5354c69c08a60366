import { type ProxyTracerProvider, type TracerProvider, trace } from '@opentelemetry/api';

interface Flushable extends TracerProvider {
  forceFlush(): Promise<void>;
}

/** By shape: the SDK may have registered the proxy of another copy of the API. */
const isProxy = (provider: TracerProvider): provider is ProxyTracerProvider => 'getDelegate' in provider;
const canFlush = (provider: TracerProvider): provider is Flushable => 'forceFlush' in provider;

/**
 * Sends what spans are still held, before `process.exit`. Never rejects, and takes no longer than `timeoutMs`:
 * a collector that is away must not hold up a shutdown.
 */
export async function flushTraces(timeoutMs = 2_000): Promise<void> {
  const registered = trace.getTracerProvider();
  const provider = isProxy(registered) ? registered.getDelegate() : registered;
  if (!canFlush(provider)) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([provider.forceFlush().catch(() => undefined), late]);
  clearTimeout(timer);
}
