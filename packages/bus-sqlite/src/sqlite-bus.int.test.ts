import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busContract } from '@genfleet/bus/contract';

const NO_BROKER = 'the bus is a file, so there is no broker to kill; its own processes are killed instead';

busContract({
  name: 'bus-sqlite',
  module: new URL('../test/open-bus.ts', import.meta.url).href,
  supports: {
    restart: NO_BROKER,
    tokens: 'whoever may read the file may use the bus',
    noPrefetch: true,
    exactPublishTime: true,
  },
  create: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'genfleet-bus-'));
    return {
      address: `sqlite:${join(folder, 'fleet.db')}`,
      unreachableAddress: `sqlite:${join(folder, 'fleet.db', 'below-a-file.db')}`,
      destroy: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});
