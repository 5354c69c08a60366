import { sleep } from 'k6';
import exec from 'k6/execution';
import { Gauge, Trend } from 'k6/metrics';
import { shapeOf } from '../k6/asked.ts';
import { post } from '../k6/calls.ts';
import { expectCompleted, followImage, postImage, smallImage } from '../k6/images.ts';
import { arriving, optionsOf } from '../k6/options.ts';
import { readMetrics } from '../k6/product-metrics.ts';
import { longText } from '../k6/texts.ts';

const STAY_SECONDS = 30;
const TEXT_TOKENS = 32;
/** The first third is for models that load and caches that fill. */
const THIRDS = 3;
const LOOKS_PER_THIRD = 20;

const shape = shapeOf('soak');
const timeToImage = new Trend('time_to_image', true);
const memory = new Trend('memory_mb');
const memoryDrift = new Gauge('memory_drift');
const latency = new Trend('api_latency', true);
const latencyDrift = new Gauge('latency_drift');

export const options = optionsOf('soak', shape, {
  scenarios: {
    images: arriving('image', shape, STAY_SECONDS),
    texts: arriving('text', { ...shape, rate: shape.rate / 2 }, STAY_SECONDS),
    watch: {
      executor: 'per-vu-iterations',
      exec: 'watch',
      vus: 1,
      iterations: 1,
      maxDuration: `${shape.durationSeconds + 60}s`,
    },
  },
  apart: ['http_req_duration{name:post image}', 'http_req_duration{name:complete}'],
});

export function image(): void {
  const startMs = Date.now();
  const id = postImage(smallImage('soak'));
  if (id !== undefined && expectCompleted(followImage(id))) timeToImage.add(Date.now() - startMs);
}

export function text(): void {
  post('/v1/completions', longText(TEXT_TOKENS), { route: 'complete', expect: [200] });
}

/** Looks at the product's own metrics and says how the last third of the run differs from the second. */
export function watch(): void {
  const pauseSeconds = shape.durationSeconds / (THIRDS * LOOKS_PER_THIRD);
  const memories: number[][] = [[], [], []];
  const latencies: number[][] = [[], [], []];
  let before = readMetrics();
  for (let third = 0; third < THIRDS; third += 1) {
    const untilMs = ((third + 1) * shape.durationSeconds * 1_000) / THIRDS;
    while (exec.instance.currentTestRunDuration < untilMs) {
      sleep(pauseSeconds);
      const now = readMetrics();
      const megabytes = (now.get('process_resident_memory_bytes') ?? 0) / 2 ** 20;
      memory.add(megabytes);
      memories[third]?.push(megabytes);
      const answerMs = meanAnswerMs(before, now);
      if (answerMs !== undefined) {
        latency.add(answerMs);
        latencies[third]?.push(answerMs);
      }
      before = now;
    }
  }
  memoryDrift.add(drift(memories));
  latencyDrift.add(drift(latencies));
}

/** Mean time to an answer between two looks, by the API's own histogram; undefined when it answered nothing. */
function meanAnswerMs(
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): number | undefined {
  const grown = (name: string) => (now.get(name) ?? 0) - (before.get(name) ?? 0);
  const answers = grown('genfleet_http_request_seconds_count');
  return answers > 0 ? (1_000 * grown('genfleet_http_request_seconds_sum')) / answers : undefined;
}

/** The median of the last third, divided by that of the second. */
function drift([, second = [], last = []]: readonly (readonly number[])[]): number {
  return median(last) / median(second);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
