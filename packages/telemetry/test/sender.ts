/**
 * The first process of the trace test: an Express server that gets one POST and answers with the properties of
 * the message it would publish. Prints them with what it took.
 */
import { createServer } from 'node:http';
import { currentTraceId, flushTraces, injectContext, withSpan } from '@genfleet/telemetry';
import express from 'express';

const app = express();
app.post('/images/:id/', async (_request, response) => {
  await withSpan('bus publish', { kind: 'producer' }, () => {
    response.json({ properties: injectContext(), traceId: currentTraceId() });
  });
});
app.get('/health/', (_request, response) => void response.json({}));

const server = createServer(app).listen(0, '127.0.0.1', async () => {
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  await fetch(`${url}/health/`);
  const startMs = performance.now();
  const answer = await fetch(`${url}/images/42/`, { method: 'POST' });
  const published = (await answer.json()) as object;
  const answerMs = performance.now() - startMs;
  const flushStartMs = performance.now();
  await flushTraces(1_500);
  const flushMs = performance.now() - flushStartMs;
  process.stdout.write(JSON.stringify({ ...published, answerMs, flushMs }), () => process.exit(0));
});
