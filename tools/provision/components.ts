import { type Addresses, addressFrom, type ComponentName, type Missing } from './addresses.ts';
import { unwanted } from './own-instance.ts';
import { sharedInstance } from './shared-instance.ts';

export type { Missing } from './addresses.ts';
export { freePorts } from './free-port.ts';
export { startOwnPulsar } from './own-pulsar.ts';
export { type OwnPulsarCluster, type PulsarPart, startOwnPulsarCluster } from './own-pulsar-cluster.ts';
export { startOwnToxiproxy } from './own-toxiproxy.ts';
export { type OwnTrino, startOwnTrino } from './own-trino.ts';
export { provideTritonPython, startOwnTriton } from './own-triton.ts';
export { provideNativeClient, pulsarUnderTest } from './pulsar-under-test.ts';

const provided = new Map<ComponentName, Promise<Addresses[ComponentName] | Missing>>();

async function obtain(name: ComponentName): Promise<Addresses[ComponentName] | Missing> {
  const given = addressFrom(process.env, name);
  if (given) return given;
  return unwanted(name) ?? (await sharedInstance(name, process.pid));
}

/** Prints why, once a process, or fails where nothing may be missing. */
function report(name: ComponentName, reason: string): void {
  if (process.env['CI'] === 'true' && !reason.startsWith('GENFLEET_WITHOUT')) {
    throw new Error(`CI=true and ${name} is missing: ${reason}`);
  }
  process.stderr.write(`without ${name}: ${reason}\n`);
}

/**
 * A real component for tests: the one whose address the environment names (`PULSAR_URL`, `PULSAR_WS_URL`,
 * `PULSAR_ADMIN_URL`, `PULSAR_TOKEN`; `S3_ENDPOINT` with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`;
 * `OTLP_TEST_URL`; `TOXIPROXY_URL`; `REDIS_URL`; `LLAMA_URL`; `TRITON_URL`; `TRINO_URL`, `TRINO_476_URL`), else one instance shared by all tests
 * on this machine, which is provisioned and started on free ports by the first that asks (minutes, once) and stopped
 * when the last is gone, else a container. Use names of your own in it: topics, buckets and keys are shared with others.
 * `GENFLEET_WITHOUT=pulsar,s3` goes without.
 * @returns `{ missing }` with the reason, for a test to skip with. @throws Error instead when `CI=true`.
 */
export async function provide<N extends ComponentName>(name: N): Promise<Addresses[N] | Missing> {
  const known = provided.get(name) ?? obtain(name);
  provided.set(name, known);
  const outcome = (await known) as Addresses[N] | Missing;
  if ('missing' in outcome) report(name, outcome.missing);
  return outcome;
}
