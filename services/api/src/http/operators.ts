import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { callerOf } from './access.ts';
import type { Problem } from './problem.ts';
import { sendProblem } from './respond.ts';

/** Anybody, in `OPERATORS`. */
const EVERYBODY = '*';

type Handler = (api: Api, req: Request, res: Response) => unknown;

/** Whether this caller may see what all tenants did: where nobody is asked who they are, everybody may anyway. */
export function isOperator(api: Api, req: Request): boolean {
  const { authenticator, config } = api.options;
  if (!authenticator && config.TENANT_HEADER === undefined) return true;
  const caller = callerOf(api, req);
  const isCaller = (operator: string) =>
    authenticator ? operator.toLowerCase() === caller.id : operator === caller.tenant;
  return config.OPERATORS.some((operator) => operator === EVERYBODY || isCaller(operator));
}

/** A route that shows what all tenants did. */
export function forOperators(handler: Handler): Handler {
  return (api, req, res) => {
    return isOperator(api, req) ? handler(api, req, res) : sendProblem(req, res, notAnOperator(api, req));
  };
}

export type Tenancy =
  | { readonly ok: true; readonly tenant: string | undefined }
  | { readonly ok: false; readonly problem: Problem };

/** Whose jobs a list is of: the caller's own unless an operator names others. */
export function tenantAsked(api: Api, req: Request, named: string | undefined): Tenancy {
  const { tenant } = callerOf(api, req);
  if (named === undefined || named === tenant) return { ok: true, tenant };
  return isOperator(api, req) ? { ok: true, tenant: named } : { ok: false, problem: notAnOperator(api, req) };
}

/** The id is no secret, and what whoever runs the service has to be told. */
function notAnOperator(api: Api, req: Request): Problem {
  const { id, tenant } = callerOf(api, req);
  const who = api.options.authenticator ? `caller ${id}` : `of tenant ${tenant}`;
  const detail = `Only operators may do this. You are ${who}, whom OPERATORS does not name.`;
  return { status: 403, code: 'permission_denied', detail };
}
