import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it does instead of answering. */
type Mood = (res: ServerResponse) => void;

const TRICKLE_MS = 20;

export const MOODS = {
  hung: () => undefined,
  broken: (res) => res.socket?.destroy(),
  /** One header after the other, and no end of them. */
  slowHeaders: ({ socket }) => {
    socket?.write('HTTP/1.1 200 OK\r\n');
    const timer = setInterval(() => socket?.write(`x-${Date.now()}: 1\r\n`), TRICKLE_MS);
    socket?.once('close', () => clearInterval(timer));
  },
  slowBody: (res) => {
    res.writeHead(200).write('{"user_is');
  },
  /** An answer that would be right, with more behind it than anybody should read. */
  endless: (res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    const more = () => {
      while (!res.destroyed && res.write(' '.repeat(65_536)));
    };
    res.write('{"user_is_allowed":true}');
    res.on('drain', more);
    more();
  },
} satisfies Record<string, Mood>;

/** Answers everybody with this. */
export const saying =
  (status: number, body = '', headers: Record<string, string> = {}): Mood =>
  (res) => {
    res.writeHead(status, headers).end(body);
  };

/** GitLab's `ml/ai-assist` as far as a caller sees it: it counts, and can fail, hang and lie. */
export class GitlabStandIn {
  readonly apiUrl: string;
  mood: Mood | undefined;
  /** Tokens that came, in order, with the header that they came in. */
  readonly asked: { readonly header: string; readonly token: string }[] = [];
  readonly #server: Server;
  readonly #users = new Map<string, boolean>();

  private constructor(server: Server) {
    this.#server = server;
    this.apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v4/`;
    server.on('request', (req, res) => this.#answer(req, res));
  }

  static async start(): Promise<GitlabStandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new GitlabStandIn(server);
  }

  /** Gives out a token whose owner may or may not call. */
  addUser(token: string, isAllowed: boolean): void {
    this.#users.set(token, isAllowed);
  }

  /** Connections are cut, later ones refused. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    const { authorization, 'private-token': privateToken } = req.headers;
    const header = privateToken === undefined ? 'authorization' : 'private-token';
    const token = String(privateToken ?? authorization?.replace(/^Bearer /, ''));
    this.asked.push({ header, token });
    const isAllowed = this.#users.get(token);
    const json = { 'content-type': 'application/json' };
    if (this.mood) this.mood(res);
    else if (req.method !== 'GET' || req.url !== '/api/v4/ml/ai-assist') saying(404)(res);
    else if (isAllowed === undefined) saying(401, '{"message":"401 Unauthorized"}', json)(res);
    else saying(200, JSON.stringify({ user_is_allowed: isAllowed }), json)(res);
  }
}
