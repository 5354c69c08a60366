import type { ArtifactStore } from '@genfleet/artifacts';
import type { Bus, Delivery, Producer } from '@genfleet/bus';
import type { JobState } from '@genfleet/job';
import type { LocalView } from '@genfleet/ledger';

/** What a worker reaches the world through. */
export interface WorkerPorts {
  readonly bus: Bus;
  readonly artifacts: ArtifactStore;
  readonly view: LocalView;
  readonly worker: string;
}

/** An expression of a module of the product, and what stands there instead. */
export interface Patch {
  readonly module: string;
  readonly find: string;
  readonly replacement: string;
}

/** A build with one promise broken, which the oracle must notice. */
export interface Mutant {
  readonly what: string;
  readonly worker?: (ports: WorkerPorts) => Partial<WorkerPorts>;
  readonly apiBus?: (bus: Bus) => Bus;
  readonly patch?: Patch;
}

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'acknowledges-first': {
    what: 'a worker acknowledges a job as it receives it, before an outcome is published',
    worker: ({ bus }) => ({
      bus: withDeliveries(bus, async (delivery, handle) => {
        await delivery.ack();
        return handle({ ...delivery, ack: async () => undefined, nack: async () => undefined });
      }),
    }),
  },
  'believes-in-publishing': {
    what: 'a worker takes an outcome for published whatever the bus says',
    worker: ({ bus }) => ({
      bus: withSends(
        bus,
        (producer) => (message) =>
          producer.send(message).catch(() => ({ messageId: '000000000', publishTimeMs: 0 })),
      ),
    }),
  },
  'counts-by-delivery': {
    what: 'the attempt is the one that the delivery names: claims that others made are not counted',
    worker: ({ view, worker }) => ({ view: withJobs(view, (state) => ownClaimsOnly(state, worker)) }),
  },
  'does-not-confirm': {
    what: 'a worker runs a job once its claim is sent, whatever the ledger makes of it',
    patch: {
      module: '/packages/job/src/decide.ts',
      find: 'attemptOf(state, claim)',
      replacement: 'request.attempt',
    },
  },
  'last-outcome-wins': {
    what: 'of several outcomes of a job the last in the ledger counts',
    patch: {
      module: '/packages/job/src/evolve.ts',
      find: 'compareOrder(state.outcome.order, outcome.order) <= 0',
      replacement: 'compareOrder(state.outcome.order, outcome.order) >= 0',
    },
  },
  'first-read-wins': {
    what: 'of several outcomes of a job the one that was read first counts',
    patch: {
      module: '/packages/job/src/evolve.ts',
      find: 'compareOrder(state.outcome.order, outcome.order) <= 0',
      replacement: 'true',
    },
  },
  'stores-nothing': {
    what: 'an artifact that could not be stored is taken for stored',
    worker: ({ artifacts }) => ({
      artifacts: overlaid(artifacts, {
        putIfAbsent: (...file) => artifacts.putIfAbsent(...file).catch(() => true),
      }),
    }),
  },
  'stores-again': {
    what: 'a second run of a job replaces the files of the first, which its client was told of',
    worker: ({ artifacts }) => ({
      artifacts: overlaid(artifacts, {
        putIfAbsent: (...file) => artifacts.put(...file).then(() => true),
      }),
    }),
  },
  'runs-the-cancelled': {
    what: 'a worker does not hear that its job was cancelled',
    worker: ({ view }) => ({
      view: overlaid(view, { onChange: () => undefined }),
    }),
  },
  'answers-early': {
    what: 'the API answers 202 before the message is durable',
    apiBus: (bus) =>
      withSends(bus, (producer) => async (message) => {
        void producer.send(message).catch(() => undefined);
        return { messageId: '000000001', publishTimeMs: 0 };
      }),
  },
  'forgets-what-it-hands-back': {
    what: 'a job that is handed back is acknowledged instead',
    worker: ({ bus }) => ({
      bus: withDeliveries(bus, (delivery, handle) => handle({ ...delivery, nack: () => delivery.ack() })),
    }),
  },
};

/** The same object with some members replaced; private fields stay reachable for the others. */
function overlaid<T extends object>(inner: T, changes: Partial<T>): T {
  return new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = name in changes ? Reflect.get(changes, name) : Reflect.get(target, name, target);
      return typeof value === 'function' && !(name in changes) ? value.bind(target) : value;
    },
  });
}

function withDeliveries(
  bus: Bus,
  meddle: (delivery: Delivery, handle: (delivery: Delivery) => Promise<void>) => Promise<void>,
): Bus {
  return overlaid(bus, {
    subscribe: (topic, subscription, handler, options) =>
      bus.subscribe(topic, subscription, (delivery) => meddle(delivery, handler), options),
  });
}

function withSends(bus: Bus, meddle: (producer: Producer) => Producer['send']): Bus {
  return overlaid(bus, {
    producer: async (topic) => {
      const producer = await bus.producer(topic);
      return { send: meddle(producer), close: () => producer.close() };
    },
  });
}

function withJobs(view: LocalView, change: (state: JobState) => JobState): LocalView {
  return overlaid(view, {
    job: (id: string) => {
      const state = view.job(id);
      return state && change(state);
    },
  });
}

function ownClaimsOnly(state: JobState, worker: string): JobState {
  return { ...state, starts: state.starts.filter((start) => start.worker === worker).slice(-1) };
}
