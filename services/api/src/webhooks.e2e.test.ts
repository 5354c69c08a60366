import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { startRealFleet } from '../test/real-fleet.ts';
import { requestOf } from '../test/rig.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdef01234567').toString('base64')}`;

describe('webhook_url', () => {
  it('is called once the job has ended, with the job as the API shows it, signed', async () => {
    const fleet = await startRealFleet({ WEBHOOK_SECRET: SECRET, WEBHOOK_ALLOW_PRIVATE: true });
    const called = Promise.withResolvers<{ headers: Record<string, string>; body: string }>();
    const receiver = createServer(async (req, res) => {
      called.resolve({ headers: req.headers as Record<string, string>, body: await text(req) });
      res.writeHead(204).end();
    }).listen(0, '127.0.0.1');
    try {
      await once(receiver, 'listening');
      const webhook_url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
      const { id } = await fleet.a.client.createImage({
        generation_settings: { prompt: 'A dog' },
        webhook_url,
      });
      await fleet.worker.finish(await requestOf(fleet.a.view, id));
      const { headers, body } = await called.promise;
      const event = new Webhook(SECRET).verify(body, headers);
      expect(event).toMatchObject({ type: 'image.completed', data: { id, status: 'completed' } });
      expect(event).toHaveProperty('data.image_url', expect.stringMatching(`/artifacts/${id}.jpg$`));
    } finally {
      receiver.closeAllConnections();
      receiver.close();
      await fleet.close();
    }
  });
});
