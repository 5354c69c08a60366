import { sqlLedgerContract } from '@genfleet/ledger/contract';
import { describe, it } from '@jest/globals';
import { openUnderTest, providePair } from '../test/trino-under-test.test.ts';

const pair = await providePair();

if ('missing' in pair) {
  describe('ledger-trino', () => it.skip(`not here: ${pair.missing}`, () => undefined));
} else {
  sqlLedgerContract({
    name: 'ledger-trino',
    create: () => openUnderTest(pair),
    endless: `select count(*) from unnest(sequence(1, 10000)) as a(x)
      cross join unnest(sequence(1, 10000)) as b(y) cross join unnest(sequence(1, 10000)) as c(z)`,
  });
}
