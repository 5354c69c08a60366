import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A client's webhook: takes every call, and counts them. */
export class Hook {
  readonly url: string;
  readonly #server: Server;
  readonly #calls = new Map<string, number>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    server.on('request', async (request, response) => {
      const { data } = (await json(request)) as { readonly data: { readonly id: string } };
      this.#calls.set(data.id, this.callsFor(data.id) + 1);
      response.writeHead(204).end();
    });
  }

  static async listen(): Promise<Hook> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Hook(server);
  }

  callsFor(jobId: string): number {
    return this.#calls.get(jobId) ?? 0;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
