import { randomBytes } from 'node:crypto';
import { openAuthenticator, openRateLimiter } from '@genfleet/adapters';
import { readConfig } from '@genfleet/config';
import { createLogger } from '@genfleet/telemetry';
import { GitlabStandIn } from '../../../packages/auth-gitlab/test/gitlab-stand-in.ts';
import { MemoryBus, MemoryView } from './memory-fleet.ts';
import { MemoryArtifacts, startReplica } from './rig.ts';

const BODY = JSON.stringify({ generation_settings: { prompt: 'A dog' } });

export const newToken = () => `glpat-${randomBytes(15).toString('base64url')}`;
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** An API that asks a GitLab of its own, as the environment says; `closers`, last one first, end both. */
export async function startGuardedApi(closers: (() => Promise<unknown>)[], env: Record<string, string> = {}) {
  const gitlab = await GitlabStandIn.start();
  closers.push(() => gitlab.stop());
  const [yes, no] = [newToken(), newToken()];
  gitlab.addUser(yes, true);
  gitlab.addUser(no, false);
  const config = readConfig({ PORT: '0', GITLAB_API_URL: gitlab.apiUrl, ...env });
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: 'trace', service: 'api', destination });
  const warn = (message: string) => log.warn({}, message);
  const [authenticator, limiter] = [
    await openAuthenticator(config, warn),
    await openRateLimiter(config, warn),
  ];
  closers.push(async () => Promise.all([authenticator?.close(), limiter?.close()]));
  const bus = new MemoryBus();
  const parts = { bus, view: new MemoryView(bus), artifacts: new MemoryArtifacts() };
  const replica = await startReplica(parts, { authenticator, limiter, log, settings: config });
  closers.push(() => replica.api.stop());
  const call = (method: string, path: string, headers: Record<string, string> = {}) =>
    fetch(replica.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' ? { body: BODY } : {}),
    });
  return { gitlab, yes, no, lines, call, url: replica.url };
}
