import { GenfleetError } from '@genfleet/job';

export interface PulsarBusOptions {
  /** `pulsar://host:port/tenant/namespace`, `pulsar+ssl:`, `pulsar+ws:` or `pulsar+wss:`; `?token=…&adminUrl=…`. */
  readonly url: string;
  /** Unless the URL has one. */
  readonly token?: string;
  /** Of the admin REST API, unless the URL has one. Default: port 8080 (8443 with TLS) of the same host. */
  readonly adminUrl?: string;
  /** How long `send` waits for the broker's acknowledgement, in ms. Default 10,000. */
  readonly sendTimeoutMs?: number;
}

/** Where a Pulsar is, and which namespace of it is ours. */
export interface PulsarAddress {
  readonly scheme: 'pulsar' | 'pulsar+ssl' | 'pulsar+ws' | 'pulsar+wss';
  /** `host:port`, or several with commas between them. */
  readonly hosts: string;
  readonly tenant: string;
  readonly namespace: string;
  readonly token: string | undefined;
  /** Without a final slash. */
  readonly adminUrl: string;
  readonly sendTimeoutMs: number;
}

const SHAPE = /^(pulsar(?:\+(?:ssl|ws|wss))?):\/\/([^/?#@]+)(?:\/([\w.=:-]+)\/([\w.=:-]+))?\/?(?:\?(.*))?$/;
const DEFAULT_PORTS = { pulsar: 6650, 'pulsar+ssl': 6651, 'pulsar+ws': 8080, 'pulsar+wss': 8443 } as const;
const SEND_TIMEOUT_MS = 10_000;

/** The REST API beside the broker: on the same port as the WebSocket service, on the usual one otherwise. */
function adminBeside(scheme: PulsarAddress['scheme'], hosts: string): string {
  const [first = ''] = hosts.split(',');
  if (scheme === 'pulsar+ws') return `http://${first}`;
  if (scheme === 'pulsar+wss') return `https://${first}`;
  const host = first.replace(/:\d+$/, '');
  return scheme === 'pulsar' ? `http://${host}:8080` : `https://${host}:8443`;
}

/** @throws GenfleetError `invalid_configuration`, without the token in its message. */
export function readAddress(options: PulsarBusOptions): PulsarAddress {
  const [, scheme, given = '', tenant = 'public', namespace = 'default', query] =
    SHAPE.exec(options.url) ?? [];
  if (!scheme) {
    const shown = options.url.replace(/\?.*$/s, '?…');
    throw new GenfleetError(
      'invalid_configuration',
      `${shown} is not a Pulsar address; wanted pulsar://host:port/tenant/namespace or pulsar+ws://host:port/tenant/namespace`,
    );
  }
  const kind = scheme as PulsarAddress['scheme'];
  const withPort = (host: string) => (/:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORTS[kind]}`);
  const hosts = given.split(',').map(withPort).join(',');
  const parameters = new URLSearchParams(query);
  const adminUrl = parameters.get('adminUrl') ?? options.adminUrl ?? adminBeside(kind, hosts);
  if (!URL.canParse(adminUrl)) {
    throw new GenfleetError('invalid_configuration', `adminUrl ${adminUrl} is not a URL`);
  }
  return {
    scheme: kind,
    hosts,
    tenant,
    namespace,
    token: parameters.get('token') ?? options.token,
    adminUrl: adminUrl.replace(/\/+$/, ''),
    sendTimeoutMs: options.sendTimeoutMs ?? SEND_TIMEOUT_MS,
  };
}
