import { decideRequest, type ImageRequest } from '@genfleet/job';
import type { Request } from 'express';
import type { Api } from '../api.ts';
import { callerOf } from '../http/access.ts';
import { type Admitted, admit } from './admit.ts';
import { idempotencyKey } from './idempotency-key.ts';

/** Puts a checked image request in line, with a seed drawn for it if it names none. */
export function admitImage(api: Api, request: ImageRequest, req: Request): Promise<Admitted> {
  const seed = request.generation_settings.seed ?? api.newSeed();
  return admit(
    api,
    {
      kind: 'txt2img',
      tenant: callerOf(api, req).tenant,
      body: request,
      make: (admission) => decideRequest(request, { ...admission, seed }),
    },
    idempotencyKey(req),
  );
}
