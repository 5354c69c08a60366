import { connect } from 'node:net';

export interface SseLoad {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text, the same for every request. */
  readonly body: string;
  readonly connections: number;
}

/** How much of it: for a time, the first part of which does not count, or a number of streams. */
export type SseExtent =
  | { readonly warmUpMs: number; readonly measureMs: number }
  | { readonly streams: number };

/** What the streams looked like to who read them. Times in ms. */
export interface SseResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstP50Ms: number;
  /** Between two chunks of one stream. */
  readonly gapP50Ms: number;
  readonly gapP99Ms: number;
  readonly chunks: number;
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Closed-loop load of streams, on sockets: a client that parses would take what is to be measured. */
export async function sseLoad(load: SseLoad & SseExtent): Promise<SseResult> {
  const startMs = performance.now();
  const isTimed = 'measureMs' in load;
  const fromMs = startMs + (isTimed ? load.warmUpMs : 0);
  const toMs = isTimed ? fromMs + load.measureMs : Number.POSITIVE_INFINITY;
  // each connection has begun one already
  let left = isTimed ? Number.POSITIVE_INFINITY : load.streams - load.connections;
  const whole: number[] = [];
  const first: number[] = [];
  const gaps: number[] = [];
  let chunks = 0;
  await Promise.all(
    Array.from({ length: load.connections }, () =>
      drive(load, (arrivals, sentMs, endMs) => {
        if (endMs >= fromMs && endMs < toMs) {
          whole.push(endMs - sentMs);
          first.push((arrivals[0] ?? endMs) - sentMs);
          chunks += arrivals.length;
          for (let at = 1; at < arrivals.length; at++)
            gaps.push((arrivals[at] ?? 0) - (arrivals[at - 1] ?? 0));
        }
        left -= 1;
        return endMs < toMs && left >= 0;
      }),
    ),
  );
  for (const list of [whole, first, gaps]) list.sort((a, b) => a - b);
  return {
    perSecond: whole.length / ((Math.min(toMs, performance.now()) - fromMs) / 1_000),
    p50Ms: quantile(whole, 0.5),
    p99Ms: quantile(whole, 0.99),
    firstP50Ms: quantile(first, 0.5),
    gapP50Ms: quantile(gaps, 0.5),
    gapP99Ms: quantile(gaps, 0.99),
    chunks: Math.round(chunks / Math.max(1, whole.length)),
  };
}

export function requestBytes({
  port,
  path,
  headers,
  body,
}: Pick<SseLoad, 'port' | 'path' | 'headers' | 'body'>): Buffer {
  const all = { host: `127.0.0.1:${port}`, 'content-type': 'application/json', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

const END = '[DONE]';
/** The last chunk of a chunked body. */
const BODY_END = '\r\n0\r\n\r\n';

/** One connection, until `onStream` says that it is enough. */
function drive(
  load: SseLoad,
  onStream: (arrivals: readonly number[], sentMs: number, endMs: number) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = requestBytes(load);
    const socket = connect(load.port, '127.0.0.1');
    let arrivals: number[] = [];
    let sentMs = 0;
    let tail = '';
    let isDone = false;
    const send = () => {
      arrivals = [];
      tail = '';
      isDone = false;
      sentMs = performance.now();
      socket.write(request);
    };
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`connection closed: ${tail}`)));
    socket.on('data', (data: string) => {
      const nowMs = performance.now();
      const text = tail + data;
      // what was not looked at yet may begin in what was kept
      for (
        let at = text.indexOf('data: {', Math.max(0, tail.length - 6));
        at !== -1;
        at = text.indexOf('data: {', at + 7)
      ) {
        arrivals.push(nowMs);
      }
      isDone ||= text.includes(END);
      if (arrivals.length === 0 && !/^HTTP\/1.1 200 /.test(text.slice(0, 13))) {
        return reject(new Error(`answered ${text.slice(0, 500)}`));
      }
      tail = text.slice(-32);
      if (!isDone || !text.endsWith(BODY_END)) return;
      if (onStream(arrivals, sentMs, nowMs)) return send();
      socket.removeAllListeners('close').end();
      resolve();
    });
  });
}
