// `bullmq-worker.mjs REDIS_URL DIRECTORY`: a process of BullMQ's worker.
import { Worker } from 'bullmq';
import { storePicture } from './grey-picture.mjs';

const [url, directory] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const worker = new Worker('images', (job) => storePicture(directory, job.id, job.data.generation_settings), {
  connection: { host: hostname, port: Number(port) },
  concurrency: 16,
});
worker.on('error', (error) => process.stderr.write(`${error.stack}\n`));
await worker.waitUntilReady();
process.stdout.write('ready\n');
