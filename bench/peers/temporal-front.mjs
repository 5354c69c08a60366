// `temporal-front.mjs ADDRESS`: Express with Temporal's client as its documentation shows it, without the checks of a
// request that Genfleet makes. Makes the namespace of a new server. Prints its port.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import express from 'express';

const START_MS = 60_000;
const NAMESPACE = 'default';
const connection = await Connection.connect({ address: process.argv[2] });
const retention = { workflowExecutionRetentionPeriod: { seconds: 86_400 } };
await eventually(() => connection.workflowService.registerNamespace({ namespace: NAMESPACE, ...retention }));
// the server's own caches learn of it some seconds later
const taskQueue = { namespace: NAMESPACE, taskQueue: { name: 'images' } };
await eventually(() => connection.workflowService.describeTaskQueue(taskQueue));
const client = new Client({ connection, namespace: NAMESPACE });

async function eventually(act) {
  for (const lateMs = performance.now() + START_MS; ; ) {
    try {
      return await act();
    } catch (error) {
      if (performance.now() > lateMs) throw error;
      await sleep(250);
    }
  }
}

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json());
app.post('/images/', async (request, response) => {
  const id = randomUUID();
  const args = [id, request.body.generation_settings];
  await client.workflow.start('txt2img', { taskQueue: 'images', workflowId: id, args });
  response.status(202).json({ message: 'Request is being processed', id });
});
app.get('/images/:id/', async (request, response) => {
  const { id } = request.params;
  const { status } = await client.workflow.getHandle(id).describe();
  const words = { COMPLETED: 'completed', RUNNING: 'queued' };
  response.json({ id, status: words[status.name] ?? 'failed', image_url: `${id}.jpg` });
});
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
