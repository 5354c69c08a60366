import type { Verdict } from '@genfleet/auth';
import { describe, expect, it } from '@jest/globals';
import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { callerOf, guarded, openDoor } from './access.ts';

const CALLER = { tenant: 'default', id: '0123456789abcdef' };

function apiWith(check?: () => Promise<Verdict>): Api {
  const authenticator = check && { check, close: async () => undefined };
  return { options: { authenticator, config: {} } } as unknown as Api;
}
function request(): Request {
  return { method: 'GET', headers: {}, socket: { remoteAddress: '::ffff:192.0.2.7' } } as unknown as Request;
}

describe('guarded', () => {
  it('is the route itself where everybody may do anything', () => {
    const handler = () => undefined;
    expect(guarded(apiWith(), handler)).toBe(handler);
  });

  it('lets the route know who called', async () => {
    const api = apiWith(async () => ({ ok: true, caller: CALLER }));
    const req = request();
    expect(callerOf(api, req)).toEqual({ tenant: 'default', id: '192.0.2.7' });
    const seen: unknown[] = [];
    await guarded(api, (_api, seenReq) => seen.push(callerOf(api, seenReq)))(api, req, {} as Response);
    expect(seen).toEqual([CALLER]);
  });

  it('does not begin what nobody waits for: a body that was cut off never ends', async () => {
    const req = request();
    const api = apiWith(async () => {
      // the client hangs up while GitLab is asked
      req.destroyed = true;
      return { ok: true, caller: CALLER };
    });
    let runs = 0;
    await guarded(api, () => {
      runs += 1;
    })(api, req, {} as Response);
    expect(runs).toBe(0);
  });
});

describe('openDoor', () => {
  const CONFIG = { AUTH: 'none', BYPASS_EXTERNAL_AUTH: false, HOST: '127.0.0.1' } as const;
  const warningFor = (more: object) => openDoor({ ...CONFIG, ...more } as Parameters<typeof openDoor>[0]);

  it.each([{}, { HOST: 'localhost' }, { HOST: '::1' }, { AUTH: 'gitlab', HOST: '0.0.0.0' }])(
    'is shut with %j',
    (more) => expect(warningFor(more)).toBeUndefined(),
  );

  it.each([
    [{ HOST: '0.0.0.0' }, /everybody who can reach 0\.0\.0\.0/],
    [{ HOST: '::' }, /AUTH=none/],
    [{ AUTH: 'gitlab', BYPASS_EXTERNAL_AUTH: true }, /whoever reaches this machine/],
    [{ AUTH: 'gitlab', BYPASS_EXTERNAL_AUTH: true, HOST: '0.0.0.0' }, /everybody who can reach/],
  ])('is open with %j', (more, warning) => expect(warningFor(more)).toMatch(warning));
});
