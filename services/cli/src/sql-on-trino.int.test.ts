import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openBus } from '@genfleet/adapters';
import { fleetTopics } from '@genfleet/bus';
import { readConfig } from '@genfleet/config';
import { encodeEvent } from '@genfleet/job';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const pulsar = await provide('pulsar');
const trino = 'missing' in pulsar ? pulsar : await provide('trino');

if ('missing' in pulsar || 'missing' in trino) {
  const reason = 'missing' in trino ? trino.missing : '';
  describe('genfleet sql on Trino', () => it.skip(`not here: ${reason}`, () => undefined));
} else {
  describe('genfleet sql on Trino', () => {
    it('asks by the same words as on a laptop', async () => {
      const env = {
        BUS_URL: `${pulsar.wsUrl}/ledger/run-${randomUUID().slice(0, 8)}`,
        PULSAR_ADMIN_URL: pulsar.adminUrl,
        ...(pulsar.token === undefined ? {} : { PULSAR_TOKEN: pulsar.token }),
        ...(trino.tls === undefined
          ? { LEDGER_URL: trino.url }
          : { LEDGER_URL: trino.tls.url, LEDGER_PASSWORD: trino.tls.password }),
      };
      const bus = await openBus(readConfig(env));
      await bus.ensureTopics(fleetTopics());
      for (const { topic, event } of FIXED_LEDGER) {
        await (await bus.producer(topic)).send({ key: event.id, value: encodeEvent(event) });
      }
      await bus.close();
      const { PATH = '', HOME = '' } = process.env;
      const sqlOf = (...words: string[]) => {
        const args = ['--disable-warning=ExperimentalWarning', MAIN, 'sql', ...words];
        return spawnSync(process.execPath, args, { env: { PATH, HOME, ...env }, encoding: 'utf8' });
      };
      const asked = sqlOf('--named', 'tokens-per-model', '--json');
      expect(asked).toMatchObject({ status: 0, stderr: '' });
      expect(JSON.parse(asked.stdout)).toMatchObject({
        rows: [['code-7b', 2, 15, 27, 36]],
        truncated: false,
      });
      const refused = sqlOf(
        "select id from requested_txt2img_generation where __publish_time__ < timestamp '2030-01-01'",
      );
      expect(refused.status).not.toBe(0);
      expect(refused.stderr).toContain("__publish_time__ + interval '0' second <");
    }, 120_000);
  });
}
