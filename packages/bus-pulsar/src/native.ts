import { GenfleetError } from '@genfleet/job';
import type * as Pulsar from 'pulsar-client';

export type { Pulsar };

/** What the native client had to say lately, to explain a failure: its results say little. */
let said: { readonly message: string; readonly atMs: number }[] = [];
const MAX_SAID = 2;
const LATELY_MS = 30_000;
/** Warnings and errors; it would print them among our own log lines. */
const LOG_LEVEL = 2;

export const lastWords = () =>
  said
    .filter(({ atMs }) => performance.now() - atMs < LATELY_MS)
    .map(({ message }) => message)
    .join('; ');

let loading: Promise<typeof Pulsar> | undefined;

async function load(): Promise<typeof Pulsar> {
  try {
    const loaded = (await import('pulsar-client')) as unknown as { default: typeof Pulsar };
    const native = loaded.default;
    native.Client.setLogHandler((_level, _file, _line, message) => {
      said = [...said, { message, atMs: performance.now() }].slice(-MAX_SAID);
    });
    return native;
  } catch (cause) {
    throw new GenfleetError(
      'dependency_missing',
      'the native pulsar-client does not load here: build it with tools/provision/pulsar-client.sh, or use the WebSocket service with a pulsar+ws:// address',
      { cause },
    );
  }
}

/** The vendor's module, loaded at the first use. @throws GenfleetError `dependency_missing`. */
export function loadNative(): Promise<typeof Pulsar> {
  loading ??= load();
  return loading;
}

/** The settings of a client that every connection of ours shares; `operationTimeoutSeconds` bounds each set-up. */
export function clientSettings(
  native: typeof Pulsar,
  serviceUrl: string,
  token: string | undefined,
): Pulsar.ClientConfig {
  return {
    serviceUrl,
    operationTimeoutSeconds: 15,
    connectionTimeoutMs: 5_000,
    ioThreads: 1,
    messageListenerThreads: 1,
    statsIntervalInSeconds: 0,
    logLevel: LOG_LEVEL,
    ...(token === undefined ? {} : { authentication: new native.AuthenticationToken({ token }) }),
  };
}
