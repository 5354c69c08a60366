// `bullmq-front.mjs REDIS_URL`: Express with BullMQ as its documentation shows them, without the checks of a request
// that Genfleet makes. Prints its port.
import { Queue } from 'bullmq';
import express from 'express';

const { hostname, port } = new URL(process.argv[2]);
const queue = new Queue('images', { connection: { host: hostname, port: Number(port) } });
await queue.waitUntilReady();

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json());
app.post('/images/', async (request, response) => {
  const job = await queue.add('txt2img', request.body);
  response.status(202).json({ message: 'Request is being processed', id: job.id });
});
app.get('/images/:id/', async (request, response) => {
  const job = await queue.getJob(request.params.id);
  if (!job) return response.sendStatus(404);
  // what the job's record says; asking for its state by name would be a second round trip
  const status = job.failedReason ? 'failed' : job.finishedOn ? 'completed' : 'queued';
  response.json({ id: job.id, status, ...job.data, image_url: job.returnvalue });
});
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
