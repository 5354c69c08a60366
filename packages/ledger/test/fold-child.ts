/** Folds a bus into a view's file until it is killed: `node fold-child.ts BUS_FILE VIEW_FILE`. */
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { createLogger } from '@genfleet/telemetry';
import { openView } from '../src/index.ts';

const [busFile = '', file = ''] = process.argv.slice(2);
const bus = await openSqliteBus({ file: busFile });
const log = createLogger({ level: 'info', service: 'child' });
const view = await openView({ bus, file, kinds: ['txt2img'], log, now: Date.now });
process.stdout.write('{"msg":"folding"}\n');
await view.caughtUp(600_000);
process.stdout.write('{"msg":"done"}\n');
setInterval(() => undefined, 1_000);
