/**
 * Publishes 4 KiB messages for ever, whatever happens: `node stubborn-publisher.ts FILE TOPIC
 * [LIVE_TOPIC]`, to the non-persistent one as well where it is named. Prints a JSON line
 * for each message that was acknowledged and for each error; writes to a pipe are synchronous here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GenfleetError } from '@genfleet/job';
import { openSqliteBus } from '../src/index.ts';

const IN_FLIGHT = 8;
const PADDING = 'x'.repeat(4_096);
const AFTER_AN_ERROR_MS = 20;

const [file = '', name = '', liveName] = process.argv.slice(2);
const bus = await openSqliteBus({ file });
const producer = await bus.producer({ name, persistent: true });
const live = liveName ? await bus.producer({ name: liveName, persistent: false }) : undefined;
let next = 0;

async function publish() {
  for (;;) {
    const number = next++;
    try {
      await live?.send({ key: 'k', value: String(number) });
      const { messageId } = await producer.send({ key: 'k', value: `${number} ${PADDING}` });
      process.stdout.write(`${JSON.stringify({ number, messageId })}\n`);
    } catch (error) {
      const { code, message } = GenfleetError.from(error, 'internal');
      process.stdout.write(`${JSON.stringify({ code, message })}\n`);
      await sleep(AFTER_AN_ERROR_MS);
    }
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, publish));
