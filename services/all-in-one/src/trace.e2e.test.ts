import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@genfleet/client';
import { afterAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { dataFolder } from '../test/product.ts';
import { processes, startApi, startWorker } from '../test/services.ts';
import { type ReceivedSpan, readSpans } from '../test/spans.ts';
import { bucketEnv } from '../test/store.ts';

const MINUTES_MS = 5 * 60_000;
const TRACED = ['--import', './packages/telemetry/src/register.ts'];
const STEPS = 3;

const [collector, s3] = await Promise.all([provide('otelcol'), provide('s3')]);
const missing = [collector, s3].flatMap((part) => ('missing' in part ? [part.missing] : []));
if (!('missing' in collector) && collector.logFile === undefined) missing.push('the log of the collector');

/** The trace that holds the run of the job, once its last span has come. */
async function traceOf(logFile: string, jobId: string): Promise<readonly ReceivedSpan[]> {
  for (let tries = 0; tries < 300; tries += 1) {
    const spans = readSpans(logFile);
    const run = spans.find(({ name, text }) => name === 'job.run' && text.includes(jobId));
    const trace = spans.filter(({ traceId }) => traceId === run?.traceId);
    // each process sends its own in its own time; these two end after all that they hold
    if (run && trace.some(({ name }) => name === 'POST /images')) return trace;
    await sleep(200);
  }
  throw new Error(`no trace of job ${jobId} came`);
}

describe('the trace of a job', () => {
  const folder = dataFolder();
  const { started, killAll } = processes();
  afterAll(async () => {
    await killAll();
    folder.remove();
  });

  if ('missing' in collector || 'missing' in s3 || collector.logFile === undefined) {
    it.skip(`is one from the request to the store (needs ${missing.join('; ')})`, () => undefined);
    return;
  }
  const { logFile, httpUrl } = collector;

  it(
    'is one, from the request through the bus and the steps of the engine to the store',
    async () => {
      const env = {
        ...(await bucketEnv(s3)),
        DATA_DIR: folder.path,
        OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl,
        OTEL_BSP_SCHEDULE_DELAY: '200',
      };
      const api = await started(startApi(env, TRACED));
      const worker = await started(startWorker(env, TRACED));
      const client = createClient({ baseUrl: api.url });
      const generation_settings = { prompt: 'a red circle', seed: 1, steps: STEPS, width: 64, height: 64 };
      const { id } = await client.createImage({ generation_settings });
      for await (const event of client.events(id)) if (event.type === 'completed') break;

      const spans = await traceOf(logFile, id);
      const named = (name: string) => spans.filter((span) => span.name === name);
      const [request] = named('POST /images');
      const [publish] = named('publish requested_txt2img_generation');
      const [run] = named('job.run');
      const [generate] = named('engine.generate');
      expect(request).toMatchObject({ service: 'api', parentId: '' });
      expect(request?.text).toMatch(/Kind +: Server[\s\S]*status_code: Int\(202\)/);
      expect(publish).toMatchObject({ service: 'api', parentId: request?.id });
      expect(run).toMatchObject({ service: 'worker', parentId: publish?.id });
      expect(generate).toMatchObject({ service: 'worker', parentId: run?.id });
      expect(named('engine.step').map(({ parentId }) => parentId)).toEqual(Array(STEPS).fill(generate?.id));
      expect(named('S3.PutObject')).toMatchObject([{ service: 'worker', parentId: run?.id }]);

      const lines = worker.output().trim().split('\n');
      const about = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(about.filter(({ jobId }) => jobId === id)).toMatchObject([
        { service: 'worker', msg: 'completed', attempt: 1, traceId: request?.traceId },
      ]);
    },
    MINUTES_MS,
  );
});
