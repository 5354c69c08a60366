// `temporal-worker.mjs ADDRESS DIRECTORY`: a process of Temporal's worker, as it comes.
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { storePicture } from './grey-picture.mjs';

const [address, directory] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('WARN') });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: 'images',
  workflowsPath: fileURLToPath(new URL('temporal-workflow.mjs', import.meta.url)),
  activities: { storePicture: (id, settings) => storePicture(directory, id, settings) },
});
const running = worker.run();
process.stdout.write('ready\n');
await running;
