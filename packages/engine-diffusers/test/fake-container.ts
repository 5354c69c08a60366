import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Parsed JSON, undefined without a body. */
  readonly body: unknown;
}

export type Behaviour = (request: FakeRequest, response: ServerResponse) => void | Promise<void>;

/** A server that misbehaves as told, for what a real container can't be brought to do. */
export class FakeContainer {
  readonly #server: Server;
  readonly requests: FakeRequest[] = [];
  behaviour: Behaviour = (_, response) => void response.writeHead(500).end();

  constructor() {
    this.#server = createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, headers, body: text === '' ? undefined : JSON.parse(text) };
      this.requests.push(request);
      await this.behaviour(request, response);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers with these lines; objects become JSON. Without `end`, the answer stays open. */
export function lines(response: ServerResponse, content: readonly unknown[], end = true): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (const line of content) response.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
  if (end) response.end();
  else response.flushHeaders();
}

export const DONE = { type: 'done', model: 'real-name', model_load_ms: 12, timings: { generate_ms: 34 } };
