/** Takes messages, never settles them, and says when it has them: `node holder.ts FILE TOPIC COUNT`. */
import { openSqliteBus } from '../src/index.ts';
import { SUBSCRIPTION } from './bus-file.ts';

const [file = '', name = '', count = ''] = process.argv.slice(2);
const bus = await openSqliteBus({ file });
let held = 0;
async function hold() {
  held += 1;
  if (held === Number(count)) process.stdout.write('held\n');
}
await bus.subscribe({ name, persistent: true }, SUBSCRIPTION, hold, { maxInFlight: Number(count) });
