/** Where a component answers. Everything a test needs to use it, and nothing about how it was started. */
export interface PulsarAddress {
  /** `pulsar://host:port`, without tenant and namespace. */
  readonly url: string;
  /** `pulsar+ws://host:port`, likewise. */
  readonly wsUrl: string;
  readonly adminUrl: string;
  /** The super-user's token; absent where the broker asks for none. */
  readonly token?: string;
  /** Where its metadata are kept, `zk:host:port`, for a Trino beside it. */
  readonly metadataUrl?: string;
}

/** Reads the Pulsar that `provide('pulsar')` gives. */
export interface TrinoAddress {
  /** `trino://genfleet@host:port`; no password is needed. */
  readonly url: string;
  /** Its catalog for archives in the S3 that `provide('s3')` gives, where it has one; `admin` may create tables there. */
  readonly archiveCatalog?: string;
  /** The same over HTTPS, with `?ssl=true&ca=…`, and the password of the users `genfleet` and `admin` there. */
  readonly tls?: { readonly url: string; readonly password: string };
}

interface S3Address {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

interface CollectorAddress {
  /** OTLP over HTTP, without `/v1/…`. */
  readonly httpUrl: string;
  /** What it received, as text; absent for a collector given by the environment. */
  readonly logFile?: string;
}

export interface Addresses {
  readonly pulsar: PulsarAddress;
  readonly s3: S3Address;
  readonly otelcol: CollectorAddress;
  readonly toxiproxy: { readonly apiUrl: string };
  readonly redis: { readonly url: string };
  /** `triton://host:port` of its gRPC service. */
  readonly triton: { readonly url: string };
  readonly trino: TrinoAddress;
  /** Reads Parquet in the S3 that `provide('s3')` gives; anybody may create tables. `trino://genfleet@host:port`. */
  readonly 'trino-476': { readonly url: string };
  /** A server of OpenAI's API with the model `tiny`; the URL ends in `/v1`. */
  readonly llama: { readonly url: string };
}

export type ComponentName = keyof Addresses;

/** The component can't be had here; the reason names what is missing. */
export interface Missing {
  readonly missing: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const FROM_ENVIRONMENT: { [N in ComponentName]: (env: Environment) => Addresses[N] | undefined } = {
  pulsar({ PULSAR_URL, PULSAR_WS_URL, PULSAR_ADMIN_URL, PULSAR_TOKEN, PULSAR_METADATA_URL }) {
    if (!PULSAR_URL) return undefined;
    const { hostname } = new URL(PULSAR_URL);
    const adminUrl = PULSAR_ADMIN_URL ?? `http://${hostname}:8080`;
    const wsUrl = PULSAR_WS_URL ?? adminUrl.replace(/^http/, 'pulsar+ws');
    return {
      ...{ url: PULSAR_URL, wsUrl, adminUrl },
      ...(PULSAR_TOKEN ? { token: PULSAR_TOKEN } : {}),
      ...(PULSAR_METADATA_URL ? { metadataUrl: PULSAR_METADATA_URL } : {}),
    };
  },
  s3({ S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, S3_REGION }) {
    if (!S3_ENDPOINT) return undefined;
    return {
      endpoint: S3_ENDPOINT,
      accessKeyId: AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
      region: S3_REGION ?? 'us-east-1',
    };
  },
  otelcol: ({ OTLP_TEST_URL }) => (OTLP_TEST_URL ? { httpUrl: OTLP_TEST_URL } : undefined),
  toxiproxy: ({ TOXIPROXY_URL }) => (TOXIPROXY_URL ? { apiUrl: TOXIPROXY_URL } : undefined),
  redis: ({ REDIS_URL }) => (REDIS_URL ? { url: REDIS_URL } : undefined),
  triton: ({ TRITON_URL }) => (TRITON_URL ? { url: TRITON_URL } : undefined),
  trino({ TRINO_URL, TRINO_ARCHIVE_CATALOG }) {
    if (!TRINO_URL) return undefined;
    return { url: TRINO_URL, ...(TRINO_ARCHIVE_CATALOG ? { archiveCatalog: TRINO_ARCHIVE_CATALOG } : {}) };
  },
  'trino-476': ({ TRINO_476_URL }) => (TRINO_476_URL ? { url: TRINO_476_URL } : undefined),
  llama: ({ LLAMA_URL }) => (LLAMA_URL ? { url: LLAMA_URL } : undefined),
};

/** The address that the environment names, if it names one. */
export function addressFrom<N extends ComponentName>(env: Environment, name: N): Addresses[N] | undefined {
  return FROM_ENVIRONMENT[name](env);
}
