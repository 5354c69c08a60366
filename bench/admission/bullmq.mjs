// One server of the admission bench: `bullmq.mjs REDIS_URL`. Express with BullMQ as its documentation
// shows them, without the validation that Genfleet does. Prints its port.
import { Queue } from 'bullmq';
import express from 'express';

const { hostname, port } = new URL(process.argv[2] ?? 'redis://127.0.0.1:6379');
const queue = new Queue('bench', { connection: { host: hostname, port: Number(port) } });
await queue.waitUntilReady();
await queue.obliterate({ force: true });

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json());
app.post('/images/', async (request, response) => {
  const job = await queue.add('txt2img', request.body);
  response.status(202).json({ message: 'Request is being processed', id: job.id });
});
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
