import { randomUUID } from 'node:crypto';
import { freePorts, startOwnToxiproxy } from '../../../tools/provision/components.ts';

const SLOW = { latency: 300, jitter: 200 };

/**
 * A way to a backing service, through Toxiproxy. `cut`: connections end and new ones are refused. `half open`: what is
 * sent into it is taken and never arrives, and nobody is told, as with a machine that lost its power.
 */
export interface Way {
  readonly host: string;
  cut(): Promise<void>;
  slow(): Promise<void>;
  halfOpen(): Promise<void>;
  heal(): Promise<void>;
}

/** Opens ways through a Toxiproxy of its own. */
export class Network {
  readonly #apiUrl: string;
  /** Ends the Toxiproxy, and with it all ways. */
  readonly destroy: () => Promise<void>;

  private constructor({ apiUrl, destroy }: { readonly apiUrl: string; destroy(): Promise<void> }) {
    this.#apiUrl = apiUrl;
    this.destroy = destroy;
  }

  /** @throws Error when there is no Toxiproxy to be had. */
  static async open(): Promise<Network> {
    const toxiproxy = await startOwnToxiproxy();
    if ('missing' in toxiproxy) throw new Error(`chaos needs ${toxiproxy.missing}`);
    return new Network(toxiproxy);
  }

  async wayTo(upstream: string): Promise<Way> {
    const [port = 0] = await freePorts(1);
    const host = `127.0.0.1:${port}`;
    const name = `chaos-${randomUUID()}`;
    const path = `/proxies/${name}`;
    await this.#call('POST', '/proxies', { name, listen: host, upstream });
    const toxic = (stream: string, type: string, attributes: object) =>
      this.#call('POST', `${path}/toxics`, { name: `${type}-${stream}`, type, stream, attributes });
    const bothWays = async (type: string, attributes: object) => {
      for (const stream of ['upstream', 'downstream']) await toxic(stream, type, attributes);
    };
    return {
      host,
      cut: () => this.#call('POST', path, { enabled: false }),
      slow: () => bothWays('latency', SLOW),
      halfOpen: () => bothWays('timeout', { timeout: 0 }),
      heal: async () => {
        const { toxics } = (await this.#get(path)) as { toxics: { name: string }[] };
        for (const { name: each } of toxics) await this.#call('DELETE', `${path}/toxics/${each}`);
        // a connection whose other end forgot it must end as well
        await this.#call('POST', path, { enabled: false });
        await this.#call('POST', path, { enabled: true });
      },
    };
  }

  async #get(path: string): Promise<unknown> {
    return (await fetch(this.#apiUrl + path)).json();
  }

  async #call(method: string, path: string, body?: unknown): Promise<void> {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await fetch(this.#apiUrl + path, init);
    if (!answer.ok) throw new Error(`Toxiproxy: ${method} ${path}: ${await answer.text()}`);
  }
}
