import { randomUUID } from 'node:crypto';
import { openBus, openLedger } from '@genfleet/adapters';
import { fleetTopics } from '@genfleet/bus';
import { readConfig } from '@genfleet/config';
import { KINDS, type Kind } from '@genfleet/job';
import { openView, type SqlLedger } from '@genfleet/ledger';
import { createLogger } from '@genfleet/telemetry';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { type MadeJob, publishMany } from '../test/many-jobs.ts';
import { MemoryArtifacts, type Replica, startReplica } from '../test/rig.ts';

jest.setTimeout(180_000);

const HOUR_MS = 3_600_000;
const pulsar = await provide('pulsar');
const trino = 'missing' in pulsar ? pulsar : await provide('trino');

if ('missing' in pulsar || 'missing' in trino) {
  const reason = 'missing' in trino ? trino.missing : '';
  describe('jobs older than the view, on Trino', () => it.skip(`not here: ${reason}`, () => undefined));
} else {
  const config = readConfig({
    BUS_URL: `${pulsar.wsUrl}/ledger/run-${randomUUID().slice(0, 8)}`,
    PULSAR_ADMIN_URL: pulsar.adminUrl,
    ...(pulsar.token === undefined ? {} : { PULSAR_TOKEN: pulsar.token }),
    LEDGER_URL: trino.url,
  });
  const log = createLogger({ level: 'silent', service: 'api' });
  const closers: (() => Promise<unknown>)[] = [];
  let jobs: readonly MadeJob[];
  let whole: Replica;
  let part: Replica;

  describe('jobs older than the view, on Trino', () => {
    beforeAll(async () => {
      const bus = await openBus(config);
      closers.push(() => bus.close());
      await bus.ensureTopics(fleetTopics());
      jobs = await publishMany(bus, { times: 1, apartMs: 0, nowMs: Date.now() - 5 * HOUR_MS });
      const ledger = await openLedger(config, bus);
      closers.push(() => ledger.close());
      const replicaOf = async (window: { windowMs?: number }, past: SqlLedger | undefined) => {
        const viewOf = async (kind: Kind) => {
          const view = await openView({
            bus,
            file: ':memory:',
            kinds: [kind],
            log,
            now: Date.now,
            ...window,
          });
          await view.caughtUp(60_000);
          return view;
        };
        const [view, completionView] = await Promise.all([viewOf('txt2img'), viewOf('completion')]);
        const parts = { bus, view, completionView, artifacts: new MemoryArtifacts() };
        const settings = { PUBLIC_URL: 'http://genfleet.test' };
        const replica = await startReplica(parts, { settings, ledger: past });
        closers.push(async () => {
          await replica.api.stop();
          await Promise.all([view.close(), completionView.close()]);
        });
        return replica;
      };
      [whole, part] = await Promise.all([replicaOf({}, undefined), replicaOf({ windowMs: HOUR_MS }, ledger)]);
    });
    afterAll(async () => {
      for (const close of closers.reverse()) await close();
    });

    it('are answered to the same bytes, by id and in lists', async () => {
      // a Trino that was just started, on a busy machine, may not answer in time: then the answer says to come again
      const text = async (replica: Replica, path: string): Promise<string> => {
        const answer = await fetch(replica.url + path);
        if (answer.status === 503) return text(replica, path);
        return (await answer.text()).replaceAll(/"queue":\{[^}]*\}/g, '"queue":null');
      };
      const [image, completion] = KINDS.map((kind) => jobs.find((job) => job.kind === kind)?.id);
      const paths = [`/images/${image}`, `/v1/completions/${completion}`, '/images', '/jobs?status=dead'];
      // side by side: a question costs Trino seconds, however small
      const answers = await Promise.all(
        paths.map(async (path) => [path, await text(part, path), await text(whole, path)]),
      );
      for (const [path, some, all] of answers) expect([path, some]).toEqual([path, all]);
      expect(JSON.parse(answers[2]?.[1] ?? '')).toHaveLength(6);
    });

    it('have their history, with the message ids of the bus', async () => {
      const dead = jobs.find(({ id }) => whole.view.job(id)?.outcome?.type === 'dead')?.id ?? '';
      const { events, status } = await part.client.jobs.history(dead);
      expect([status, events.map(({ type }) => type)]).toEqual([
        'dead',
        ['requested', 'started', 'requested', 'started', 'dead'],
      ]);
      const state = whole.view.job(dead);
      expect(events.map(({ message_id }) => message_id).slice(1)).toEqual(
        [state?.starts[0], state?.requestOrder, state?.starts[1], state?.outcome].map((part) =>
          part && 'order' in part ? part.order.messageId : part?.messageId,
        ),
      );
    });
  });
}
