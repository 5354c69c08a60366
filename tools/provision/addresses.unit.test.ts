import { describe, expect, it } from '@jest/globals';
import { addressFrom } from './addresses.ts';
import { freePorts } from './free-port.ts';

describe('addressFrom', () => {
  it('knows nothing where the environment names nothing', () => {
    for (const name of ['pulsar', 's3', 'otelcol', 'toxiproxy', 'redis', 'triton'] as const) {
      expect(addressFrom({}, name)).toBeUndefined();
      expect(addressFrom({ PULSAR_URL: '', S3_ENDPOINT: '' }, name)).toBeUndefined();
    }
  });

  it('derives what is not given from the broker', () => {
    expect(addressFrom({ PULSAR_URL: 'pulsar://broker.test:6650' }, 'pulsar')).toEqual({
      url: 'pulsar://broker.test:6650',
      wsUrl: 'pulsar+ws://broker.test:8080',
      adminUrl: 'http://broker.test:8080',
    });
    const given = { PULSAR_URL: 'pulsar://b:1', PULSAR_ADMIN_URL: 'https://a:2', PULSAR_TOKEN: 'secret' };
    expect(addressFrom(given, 'pulsar')).toEqual({
      url: 'pulsar://b:1',
      wsUrl: 'pulsar+wss://a:2',
      adminUrl: 'https://a:2',
      token: 'secret',
    });
    expect(addressFrom({ TRITON_URL: 'triton://t:8001' }, 'triton')).toEqual({ url: 'triton://t:8001' });
  });
});

describe('freePorts', () => {
  it('gives different ports outside the range of outgoing connections', async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) expect(port).toBeLessThan(32_768);
  });
});
