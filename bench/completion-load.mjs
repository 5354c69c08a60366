/**
 * Load in a process of its own: `completion-load.mjs JSON`. Streams are read by sse-load.ts, whole answers by
 * autocannon, whose own figures are whole ms and therefore not used. Prints one line of JSON.
 */
import autocannon from 'autocannon';
import { quantile, sseLoad } from './sse-load.ts';

const { isStream, ...load } = JSON.parse(process.argv[2]);

async function wholeAnswers() {
  const { port, path, headers, body, connections, warmUpMs, measureMs } = load;
  const times = [];
  const fromMs = performance.now() + warmUpMs;
  const toMs = fromMs + measureMs;
  const run = autocannon({
    url: `http://127.0.0.1:${port}${path}`,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    connections,
    duration: (warmUpMs + measureMs) / 1_000 + 0.5,
  });
  const refused = new Map();
  run.on('response', (_client, status, _bytes, tookMs) => {
    if (status !== 200) refused.set(status, (refused.get(status) ?? 0) + 1);
    const nowMs = performance.now();
    if (nowMs >= fromMs && nowMs < toMs) times.push(tookMs);
  });
  const { errors } = await run;
  if (refused.size > 0 || errors > 0)
    throw new Error(`refused: ${JSON.stringify([...refused])}, errors: ${errors}`);
  times.sort((a, b) => a - b);
  return {
    perSecond: times.length / (measureMs / 1_000),
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
  };
}

console.log(JSON.stringify(isStream ? await sseLoad(load) : await wholeAnswers()));
