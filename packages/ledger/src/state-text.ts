import type {
  CompletedEvent,
  DeadEvent,
  JobState,
  LedgerOrder,
  Outcome,
  RequestedEvent,
  Start,
} from '@genfleet/job';

/** What all events of a job share and one row need not repeat: version, kind and tenant. */
type Head = Pick<RequestedEvent, 'version' | 'kind' | 'tenant'>;
type FullEvent = RequestedEvent | CompletedEvent | DeadEvent;
type Place = [timeMs: number, messageId: string];
type PackedStart = [
  ...Place,
  attempt: number,
  released: 0 | 1,
  claim: string,
  worker: string,
  model: string,
  time: string,
  aheadUntilMs?: number,
];
type PackedOutcome =
  | ['completed' | 'dead', ...Place, event: object]
  | ['cancelled', ...Place, time: string, reason: string];
type Packed = [
  redrive: number,
  head: Head | null,
  request: [...Place, event: object] | null,
  starts: PackedStart[],
  outcome: PackedOutcome | null,
];

/** The state as short text: positions instead of names, and nothing twice. `unpackState` gives it back whole. */
export function packState(state: JobState): string {
  const { request, requestOrder, outcome, redrive } = state;
  const described = request ?? (outcome && outcome.type !== 'cancelled' ? outcome.event : undefined);
  const head = described
    ? { version: described.version, kind: described.kind, tenant: described.tenant }
    : null;
  const packed: Packed = [
    redrive,
    head,
    request && requestOrder
      ? [requestOrder.timeMs, requestOrder.messageId, withoutHead(request, head)]
      : null,
    state.starts.map(packStart),
    outcome ? packOutcome(outcome, head) : null,
  ];
  return JSON.stringify(packed);
}

/** The state of the job `id` that `packState` wrote. */
export function unpackState(id: string, text: string): JobState {
  const [redrive, head, request, starts, outcome] = JSON.parse(text) as Packed;
  const shared = { ...head, id, redrive };
  return {
    id,
    redrive,
    request: request ? ({ type: 'requested', ...shared, ...request[2] } as RequestedEvent) : undefined,
    requestOrder: request ? { timeMs: request[0], type: 'requested', messageId: request[1] } : undefined,
    starts: starts.map(unpackStart),
    outcome: outcome ? unpackOutcome(outcome, shared) : undefined,
  };
}

/** An event of the current life without what the row says anyway; what differs from the head is kept. */
function withoutHead(event: FullEvent, head: Head | null): object {
  const { type: _type, id: _id, redrive: _redrive, version, kind, tenant, ...rest } = event;
  return version === head?.version && kind === head.kind && tenant === head.tenant
    ? rest
    : { version, kind, tenant, ...rest };
}

function packStart({
  order,
  attempt,
  released,
  claim,
  worker,
  model,
  time,
  aheadUntilMs,
}: Start): PackedStart {
  const { timeMs, messageId } = order;
  const packed: PackedStart = [timeMs, messageId, attempt, released ? 1 : 0, claim, worker, model, time];
  if (aheadUntilMs !== undefined) packed.push(aheadUntilMs);
  return packed;
}

function unpackStart(packed: PackedStart): Start {
  const [timeMs, messageId, attempt, released, claim, worker, model, time, aheadUntilMs] = packed;
  const order: LedgerOrder = { timeMs, type: 'started', messageId };
  const ahead = aheadUntilMs === undefined ? {} : { aheadUntilMs };
  return { order, attempt, released: released === 1, claim, worker, model, time, ...ahead };
}

function packOutcome(outcome: Outcome, head: Head | null): PackedOutcome {
  const { timeMs, messageId } = outcome.order;
  return outcome.type === 'cancelled'
    ? ['cancelled', timeMs, messageId, outcome.time, outcome.reason]
    : [outcome.type, timeMs, messageId, withoutHead(outcome.event, head)];
}

function unpackOutcome(packed: PackedOutcome, shared: object): Outcome {
  const [type, timeMs, messageId] = packed;
  const order = { timeMs, type, messageId };
  if (packed[0] === 'cancelled') return { type: packed[0], order, time: packed[3], reason: packed[4] };
  return { type, order, event: { type, ...shared, ...packed[3] } } as Outcome;
}
