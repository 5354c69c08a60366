import type { Caller, Refusal } from '@genfleet/auth';
import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import type { ApiConfig } from '../options.ts';
import { addressName } from './address-name.ts';
import { credentialsOf } from './credentials.ts';
import { isLoopback } from './host-check.ts';
import { invalid, type Problem } from './problem.ts';
import { sendProblem } from './respond.ts';

type Handler = (api: Api, req: Request, res: Response) => unknown;

/** What is sent beside the work: it was counted when the work was asked for. */
const BESIDE_WORK = /\/feedback\/?$/;

/** Whom each request came from, for as long as it lives. */
const callers = new WeakMap<Request, Caller>();

/** Of callers of whom nobody says otherwise. */
const DEFAULT_TENANT = 'default';
const TENANT = /^[\w.@-]{1,128}$/;

/** Who sent this request: by the token, or where none is asked for by the address and what the proxy says. */
export function callerOf(api: Api, req: Request): Caller {
  const known = callers.get(req);
  if (known) return known;
  return { tenant: tenantNamed(api, req) ?? DEFAULT_TENANT, id: addressName(req.socket.remoteAddress) };
}

/** What the proxy in front says whose request it is, where it is trusted to. */
function tenantNamed({ options }: Api, req: Request): string | undefined {
  const { TENANT_HEADER: name } = options.config;
  const value = name === undefined ? undefined : req.headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join() : value;
}

/**
 * A route that is only for those who may call: others are answered, and the handler never runs. POST requests make
 * work and count against the caller's limit; polls do not. Where everybody may do anything it costs nothing.
 */
export function guarded(api: Api, handler: Handler): Handler {
  const { authenticator, limiter, config } = api.options;
  if (!authenticator && !limiter && config.TENANT_HEADER === undefined) return handler;
  return async (_api, req, res) => {
    const problem = wrongTenant(api, req) ?? (await notAllowed(api, req)) ?? (await overLimit(api, req));
    // who hung up meanwhile would be waited for in vain
    if (req.destroyed || res.destroyed) return;
    if (problem) sendProblem(req, res, problem);
    else await handler(api, req, res);
  };
}

function wrongTenant(api: Api, req: Request): Problem | undefined {
  const tenant = tenantNamed(api, req);
  if (tenant === undefined || TENANT.test(tenant)) return undefined;
  const path = String(api.options.config.TENANT_HEADER);
  return invalid([{ path, message: '1 to 128 letters, digits, or any of . _ @ -' }]);
}

async function notAllowed(api: Api, req: Request): Promise<Problem | undefined> {
  const { authenticator } = api.options;
  if (!authenticator) return undefined;
  const credentials = credentialsOf(req.headers);
  const verdict = await authenticator.check(credentials);
  if (!verdict.ok) return problemIn(verdict, credentials !== undefined);
  callers.set(req, verdict.caller);
  return undefined;
}

function problemIn({ status, code, detail, retryAfterSeconds }: Refusal, hasShownToken: boolean): Problem {
  const headers: Record<string, string> = {};
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  if (status === 401) {
    // RFC 6750: the error is named only to who tried
    headers['www-authenticate'] = `Bearer realm="Genfleet"${hasShownToken ? ', error="invalid_token"' : ''}`;
  }
  return { status, detail, code, headers };
}

async function overLimit(api: Api, req: Request): Promise<Problem | undefined> {
  const { limiter, log } = api.options;
  if (!limiter || req.method !== 'POST' || BESIDE_WORK.test(req.path)) return undefined;
  const { id, tenant } = callerOf(api, req);
  const permit = await limiter.take(id);
  if (permit.ok) return undefined;
  log.debug({ tenant }, `caller ${id} is over the limit`);
  return {
    status: 429,
    code: 'rate_limit_exceeded',
    detail: `Too many requests within a minute. Try again in ${permit.retryAfterSeconds} seconds.`,
    headers: { 'retry-after': String(permit.retryAfterSeconds) },
  };
}

/** What whoever starts the service must know: that anybody may use it. Undefined where that is not so. */
export function openDoor({ AUTH, BYPASS_EXTERNAL_AUTH, HOST }: ApiConfig): string | undefined {
  const reach = isLoopback(HOST) ? 'whoever reaches this machine' : `everybody who can reach ${HOST}`;
  if (AUTH !== 'none' && BYPASS_EXTERNAL_AUTH) {
    return `BYPASS_EXTERNAL_AUTH IS ON: no token is checked, ${reach} may use this service. For development only.`;
  }
  if (AUTH !== 'none' || isLoopback(HOST)) return undefined;
  return `NOBODY IS ASKED WHO THEY ARE: AUTH=none and HOST=${HOST}, so ${reach} may use this service. Set AUTH=gitlab, or put a proxy that checks in front.`;
}
