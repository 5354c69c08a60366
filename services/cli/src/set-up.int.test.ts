import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBus } from '@genfleet/adapters';
import { fleetTopics } from '@genfleet/bus';
import { readConfig, topicPolicy } from '@genfleet/config';
import { topicOf, WORKER_SUBSCRIPTION } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
/** As an environment that says nothing about webhooks has them. */
const FLEET_TOPICS = fleetTopics(topicPolicy(readConfig({})));
const REQUESTED = topicOf('requested', 'txt2img');

function genfleet(env: Record<string, string>, ...words: string[]) {
  const { PATH = '', HOME = '' } = process.env;
  const args = ['--disable-warning=ExperimentalWarning', MAIN, ...words];
  return spawnSync(process.execPath, args, { env: { PATH, HOME, ...env }, encoding: 'utf8' });
}

/** Runs it, puts a message in, runs it again; the message must still be there and be delivered. */
async function setUpTwice(env: Record<string, string>) {
  const first = genfleet(env, 'setup');
  expect(first).toMatchObject({ status: 0, stderr: '' });
  for (const { topic } of FLEET_TOPICS) expect(first.stdout).toContain(topic.name);
  const bus = await openBus(readConfig(env));
  try {
    await (await bus.producer(REQUESTED)).send({ key: 'k', value: 'kept' });
    const second = genfleet(env, 'setup');
    expect(second).toMatchObject({ status: 0, stderr: '', stdout: first.stdout });
    expect(await bus.backlog(REQUESTED, WORKER_SUBSCRIPTION)).toBe(1);
    for (const { topic, subscriptions } of FLEET_TOPICS) {
      for (const subscription of subscriptions) await bus.backlog(topic, subscription);
    }
  } finally {
    await bus.close();
  }
}

describe('genfleet setup', () => {
  it('sets up the embedded bus, as often as asked', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'genfleet-cli-'));
    try {
      await setUpTwice({ DATA_DIR: directory });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('gives up on a bus that does not answer', () => {
    const ended = genfleet({ BUS_URL: 'pulsar+ws://127.0.0.1:9/a/b' }, 'setup', '--wait', '8');
    expect(ended.status).toBe(1);
    expect(ended.stdout).toContain('waiting for the bus');
    expect(ended.stderr).toMatch(/^bus_unavailable: .*127\.0\.0\.1:9/);
  });
});

const pulsar = await provide('pulsar');
if ('missing' in pulsar) {
  describe('on Pulsar', () => it.skip(`sets it up (not here: ${pulsar.missing})`, () => undefined));
} else {
  const ask = async (path: string): Promise<unknown> => {
    const headers: Record<string, string> = pulsar.token ? { authorization: `Bearer ${pulsar.token}` } : {};
    const answer = await fetch(`${pulsar.adminUrl}/admin/v2/${path}`, { headers });
    expect(answer.status).toBe(200);
    return await answer.json();
  };

  describe('genfleet setup on Pulsar', () => {
    it('creates tenant, namespace, retention, topics and subscriptions, as often as asked', async () => {
      const namespace = `setup-${randomUUID().slice(0, 8)}/images`;
      const env = { BUS_URL: `${pulsar.wsUrl}/${namespace}`, PULSAR_ADMIN_URL: pulsar.adminUrl };
      await setUpTwice(pulsar.token ? { ...env, PULSAR_TOKEN: pulsar.token } : env);

      const forEver = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 };
      expect(await ask(`namespaces/${namespace}/retention`)).toEqual(forEver);
      expect(await ask(`namespaces/${namespace}/inactiveTopicPolicies`)).toMatchObject({
        deleteWhileInactive: false,
      });
      const stored = (await ask(`persistent/${namespace}`)) as string[];
      for (const { topic, retentionMs, schema } of FLEET_TOPICS) {
        if (!topic.persistent) continue;
        if (schema !== undefined) {
          const registered = await ask(`schemas/${namespace}/${topic.name}/schema`);
          expect(registered).toMatchObject({ version: 0, type: 'JSON' });
          expect(JSON.parse((registered as { data: string }).data)).toEqual(JSON.parse(schema));
        }
        expect(stored).toContain(`persistent://${namespace}/${topic.name}`);
        if (retentionMs === Number.POSITIVE_INFINITY) continue;
        expect(await ask(`persistent/${namespace}/${topic.name}/retention`)).toMatchObject({
          retentionTimeInMinutes: retentionMs / 60_000,
        });
      }
    }, 120_000);
  });
}
