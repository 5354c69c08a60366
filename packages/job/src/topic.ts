/** The kinds of job there are. A new kind is a schema, an engine method and a route. */
export const KINDS = ['txt2img', 'completion'] as const;
export type Kind = (typeof KINDS)[number];

/** Topics in the order that breaks ties between events of one millisecond (see `compareOrder`). */
export const EVENT_TYPES = ['requested', 'started', 'completed', 'dead', 'cancelled'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface Topic {
  /** Bare name; the bus adds tenant and namespace. */
  readonly name: string;
  /** A non-persistent topic delivers at most once, to whoever listens. */
  readonly persistent: boolean;
}

const NAME: Record<EventType, (kind: Kind) => string> = {
  requested: (kind) => `requested_${kind}_generation`,
  started: (kind) => `started_${kind}_generation`,
  completed: (kind) => `completed_${kind}_generation`,
  dead: (kind) => `dlq_requested_${kind}_generation`,
  cancelled: (kind) => `cancelled_${kind}_generation`,
};

/** The topic on which events of this type and kind travel. */
export function topicOf(type: EventType, kind: Kind): Topic {
  return { name: NAME[type](kind), persistent: true };
}

/** Steps, previews and streamed text: worth having now or never. */
export function progressTopic(kind: Kind): Topic {
  return { name: `progress_${kind}_generation`, persistent: false };
}

/** Every durable topic of a kind, requested first. */
export function topicsOf(kind: Kind): readonly { type: EventType; topic: Topic }[] {
  return EVENT_TYPES.map((type) => ({ type, topic: topicOf(type, kind) }));
}

/** The subscription that a pool of workers shares, so that each job goes to one of them at a time. */
export const WORKER_SUBSCRIPTION = 'workers';
