import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { freePorts, provide } from '../../../tools/provision/components.ts';
import { openPulsarWsBus } from './index.ts';

const WITHIN_MS = 60_000;
const SEND_TIMEOUT_MS = 2_000;

async function until(what: string, holds: () => boolean) {
  const deadline = Date.now() + WITHIN_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
    await sleep(20);
  }
}

/** A way to a server that can be made to swallow everything, as a network does that is gone without a word. */
async function hole(apiUrl: string, upstream: string) {
  const [port = 0] = await freePorts(1);
  const name = `hole-${randomUUID()}`;
  const call = async (method: string, path: string, body?: unknown) => {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await fetch(`${apiUrl}${path}`, init);
    if (!answer.ok) throw new Error(`Toxiproxy: ${await answer.text()}`);
  };
  await call('POST', '/proxies', { name, listen: `127.0.0.1:${port}`, upstream });
  const streams = ['upstream', 'downstream'];
  return {
    host: `127.0.0.1:${port}`,
    swallow: async () => {
      for (const stream of streams) {
        const toxic = { name: stream, type: 'timeout', stream, attributes: { timeout: 0 } };
        await call('POST', `/proxies/${name}/toxics`, toxic);
      }
    },
    heal: async () => {
      for (const stream of streams) await call('DELETE', `/proxies/${name}/toxics/${stream}`);
    },
    remove: () => call('DELETE', `/proxies/${name}`),
  };
}

const [pulsar, toxiproxy] = [await provide('pulsar'), await provide('toxiproxy')];

if ('missing' in pulsar || 'missing' in toxiproxy) {
  const missing = [pulsar, toxiproxy].map((one) => ('missing' in one ? one.missing : '')).join(' ');
  describe('bus-pulsar-ws', () =>
    it.skip(`comes back after the network was gone (not here: ${missing})`, () => undefined));
} else {
  describe('bus-pulsar-ws over a network that is gone without a word', () => {
    it('refuses sends in time, and loses nothing once it is back', async () => {
      const network = await hole(toxiproxy.apiUrl, new URL(pulsar.adminUrl).host);
      const bus = await openPulsarWsBus({
        url: `pulsar+ws://${network.host}/network-${randomUUID().slice(0, 8)}/images`,
        adminUrl: pulsar.adminUrl,
        sendTimeoutMs: SEND_TIMEOUT_MS,
        ...(pulsar.token ? { token: pulsar.token } : {}),
      });
      const topic = { name: 'topic', persistent: true };
      await bus.ensureTopics([{ topic, subscriptions: ['workers'], retentionMs: Number.POSITIVE_INFINITY }]);
      const producer = await bus.producer(topic);
      const consumed: string[] = [];
      await bus.subscribe(
        topic,
        'workers',
        async (delivery) => {
          consumed.push(delivery.value);
          await delivery.ack();
        },
        { maxInFlight: 5 },
      );
      const read: string[] = [];
      const stop = new AbortController();
      const reading = (async () => {
        for await (const { messages } of bus.read(topic, { from: 'earliest', signal: stop.signal })) {
          read.push(...messages.map((message) => message.value));
        }
      })();
      const send = (value: string) => producer.send({ key: 'k', value });
      await send('before');
      await until('it flows', () => consumed.includes('before') && read.includes('before'));

      await network.swallow();
      const startedMs = Date.now();
      await expect(send('swallowed')).rejects.toMatchObject({ code: 'bus_unavailable' });
      expect(Date.now() - startedMs).toBeLessThan(SEND_TIMEOUT_MS + 10_000);
      await network.heal();

      for (let isSent = false; !isSent; ) {
        isSent = await send('after').then(
          () => true,
          (error: unknown) => {
            if (error instanceof GenfleetError && error.code === 'bus_unavailable') return false;
            throw error;
          },
        );
        if (Date.now() - startedMs > WITHIN_MS) throw new Error('the network is back, and sends are not');
      }
      await until('it flows again', () => consumed.includes('after') && read.includes('after'));
      expect(consumed.filter((value) => value === 'before')).toHaveLength(1);
      expect(read.filter((value) => value === 'before')).toHaveLength(1);
      stop.abort();
      await reading;
      await bus.close();
      await network.remove();
    }, 180_000);
  });
}
