import { connect, type Socket } from 'node:net';

export interface LoadResult {
  readonly perSecond: number;
  /** Time to an answer in ms: median and 99th percentile. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** All there were, warm-up included. */
  readonly answers: number;
}

export interface Load {
  readonly port: number;
  readonly path: string;
  /** JSON text, the same for every request. */
  readonly body: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Any other answer ends the bench. */
  readonly expectedStatus: number;
}

/**
 * Closed-loop load: each connection sends its next POST when the last was answered. Written on sockets, since on
 * a machine of two cores a general HTTP client would take half of what is to be measured.
 */
export async function postLoad(load: Load): Promise<LoadResult> {
  const { port, path, body, connections, warmUpMs, measureMs } = load;
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n`;
  const request = Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  const startMs = performance.now();
  const fromMs = startMs + warmUpMs;
  const toMs = fromMs + measureMs;
  const latencies: number[] = [];
  let answers = 0;
  const onAnswer = (tookMs: number, nowMs: number) => {
    answers += 1;
    if (nowMs >= fromMs && nowMs < toMs) latencies.push(tookMs);
    return nowMs < toMs;
  };
  const clients = Array.from({ length: connections }, () =>
    drive(port, request, load.expectedStatus, onAnswer),
  );
  await Promise.all(clients);
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { perSecond: latencies.length / (measureMs / 1_000), p50Ms: at(0.5), p99Ms: at(0.99), answers };
}

/** One connection, until `onAnswer` says that it is enough. */
function drive(
  port: number,
  request: Buffer,
  expectedStatus: number,
  onAnswer: (tookMs: number, nowMs: number) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let received = '';
    let sentMs = 0;
    const send = () => {
      sentMs = performance.now();
      socket.write(request);
    };
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      received += chunk;
      const answer = answerIn(received);
      if (!answer) return;
      if (answer.status !== expectedStatus) return reject(new Error(`answered ${received}`));
      received = received.slice(answer.length);
      const nowMs = performance.now();
      if (onAnswer(nowMs - sentMs, nowMs)) return send();
      socket.end();
      resolve();
    });
  });
}

/** Status and length of the answer that stands whole at the beginning of the text. */
function answerIn(text: string): { status: number; length: number } | undefined {
  const headLength = text.indexOf('\r\n\r\n') + 4;
  if (headLength === 3) return undefined;
  const bodyLength = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headLength))?.[1] ?? 0);
  const length = headLength + bodyLength;
  return text.length < length ? undefined : { status: Number(text.slice(9, 12)), length };
}
