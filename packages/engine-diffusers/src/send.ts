import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

interface Sent {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Closes the connection whenever it is aborted, also while the answer is read. */
  readonly signal: AbortSignal;
}

/**
 * One request on a connection of its own, so that none is met that the container was about to close. Resolves with the head
 * of the answer; who asked reads its body or destroys it. Rejects with the signal's reason, or with what broke.
 * Not by `fetch`: that keeps 20 MB of the sidecar's memory from its first requests on, most of it to compile its parser.
 */
export function send(
  url: URL,
  { method = 'GET', headers = {}, body, signal }: Sent,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const sent = request(url, { method, headers, signal, agent: false });
    sent.on('response', resolve);
    // what breaks after the head, the body tells
    sent.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    sent.end(body);
  });
}
