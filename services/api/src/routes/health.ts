import type { View } from '@genfleet/ledger';
import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { sendJson } from '../http/respond.ts';

const CHECK_TIMEOUT_MS = 2_000;
/** Probes of several kinds ask at once; the backing services are asked once in this time. */
const KEPT_MS = 1_000;

/** `/health` as the seed has it, and `/health/live`: the process answers. */
export function health(_req: Request, res: Response): void {
  sendJson(res, 200, { status: 'ok' });
}

interface Readiness {
  readonly ready: boolean;
  readonly checks: Record<string, string>;
  readonly views: Record<string, ViewReadiness>;
}

/** How far a view has read the topics; `share` and `eta_seconds` are null while nothing is known. */
interface ViewReadiness {
  readonly ready: boolean;
  readonly messages_folded: number;
  readonly share: number | null;
  readonly eta_seconds: number | null;
}

/** `/health/ready`: bus, view and artifact store can do their part; 503 names what can't. */
export function readiness(api: Api) {
  let kept: { readonly atMs: number; readonly result: Promise<Readiness> } | undefined;
  return async (_req: Request, res: Response): Promise<void> => {
    const nowMs = api.options.clock();
    if (!kept || nowMs - kept.atMs > KEPT_MS) kept = { atMs: nowMs, result: check(api) };
    const { ready, checks, views } = await kept.result;
    sendJson(res, ready ? 200 : 503, { status: ready ? 'ok' : 'unavailable', checks, views });
  };
}

async function check(api: Api): Promise<Readiness> {
  const { bus, artifacts, views } = api.options;
  const isReady = Object.values(views).every(({ ready }) => ready);
  const [busState, artifactsState] = await Promise.all([
    outcomeOf(bus.ping(CHECK_TIMEOUT_MS)),
    outcomeOf(artifacts.health()),
  ]);
  const checks = {
    bus: busState,
    view: isReady ? 'ok' : 'reading the topics',
    artifacts: artifactsState,
    service: api.stopping.aborted ? 'stopping' : 'ok',
  };
  const progress = Object.entries(views).map(([kind, view]) => [kind, readinessOf(view)]);
  const ready = Object.values(checks).every((state) => state === 'ok');
  return { ready, checks, views: Object.fromEntries(progress) };
}

function readinessOf({ ready, progress }: View): ViewReadiness {
  const { messages, share, secondsLeft } = progress;
  return {
    ready,
    messages_folded: messages,
    share: share === undefined ? null : Math.round(share * 1_000) / 1_000,
    eta_seconds: secondsLeft ?? null,
  };
}

/** Says only that it failed: reasons name hosts and paths, which belong in the log. */
async function outcomeOf(check: Promise<void>): Promise<'ok' | 'failed' | 'timeout'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), CHECK_TIMEOUT_MS);
  });
  const outcome = check.then(
    () => 'ok' as const,
    () => 'failed' as const,
  );
  return Promise.race([outcome, timeout]).finally(() => clearTimeout(timer));
}
