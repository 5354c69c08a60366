import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/**
 * One kept-alive connection, one request at a time. Written on a socket, since on a machine of two cores a general
 * HTTP client would take half of what is to be measured. It reads answers with a content-length.
 */
export class HttpConnection {
  readonly #port: number;
  readonly #socket: Socket;
  #received = '';
  #waiting: PromiseWithResolvers<Answer> | undefined;

  constructor(port: number) {
    this.#port = port;
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
  }

  get(path: string): Promise<Answer> {
    return this.#send(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${this.#port}\r\n\r\n`);
  }

  /** Sends a JSON text of ASCII. */
  post(path: string, json: string): Promise<Answer> {
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${this.#port}\r\ncontent-type: application/json\r\n`;
    return this.#send(`${head}content-length: ${json.length}\r\n\r\n${json}`);
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #send(request: string): Promise<Answer> {
    this.#waiting = Promise.withResolvers<Answer>();
    if (this.#socket.destroyed) this.#waiting.reject(new Error('the server had closed the connection'));
    this.#socket.write(request, 'latin1');
    return this.#waiting.promise;
  }

  #take(chunk: string): void {
    this.#received += chunk;
    const headLength = this.#received.indexOf('\r\n\r\n') + 4;
    if (headLength === 3) return;
    const head = this.#received.slice(0, headLength);
    const length = headLength + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < length) return;
    const body = this.#received.slice(headLength, length);
    this.#received = this.#received.slice(length);
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }
}
