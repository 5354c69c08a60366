import type { Fleet } from './fleet.ts';
import type { Network, Weather } from './network.ts';
import { Random } from './random.ts';
import type { World } from './world.ts';

/** Faults happen in this time; afterwards everything works, and the schedule must come to its end. */
export const FAULTS_MS = 60_000;
/** No fault lasts longer. */
const LONGEST_MS = 40_000;
/** Steps that a process takes in the time of the faults, about. */
const STEPS = 160;

/** A fault and when it strikes: at a time, or just before a process takes its n-th step. */
export type Fault =
  | { readonly kind: 'kill'; readonly who: string; readonly step: number; readonly downMs: number }
  | { readonly kind: 'pause'; readonly who: string; readonly step: number; readonly forMs: number }
  | { readonly kind: 'disconnect'; readonly who: string; readonly step: number; readonly forMs: number }
  | {
      readonly kind: 'stop';
      readonly who: string;
      readonly atMs: number;
      readonly graceMs: number;
      readonly downMs: number;
    }
  | ({ readonly kind: 'lag'; readonly who: string; readonly topic: string } & Lasting & {
        readonly lagMs: number;
      })
  | { readonly kind: 'clock'; readonly who: string; readonly atMs: number; readonly byMs: number }
  | { readonly kind: 'rebuild'; readonly who: string; readonly atMs: number }
  | { readonly kind: 'duplicate'; readonly atMs: number }
  | ({ readonly kind: 'broker restart' | 'store away' } & Lasting)
  | ({ readonly kind: 'bus weather' | 'store weather'; readonly weather: Weather } & Lasting);

interface Lasting {
  readonly atMs: number;
  readonly forMs: number;
}

const JUMPS_MS = [-3 * 3_600_000, -60_000, -5_000, -100, 100, 5_000, 60_000, 3 * 3_600_000];
const TOPICS = ['requested', 'started', 'completed', 'dlq_requested', 'cancelled'];

/** What goes wrong in the schedule of this seed. */
export function drawFaults(
  seed: number,
  workers: readonly string[],
  apis: readonly string[],
): readonly Fault[] {
  const random = Random.of(seed, 'faults');
  const hasClocks = random.chance(0.25);
  return Array.from({ length: random.int(0, 9) }, () => drawFault(random, workers, apis, hasClocks));
}

function drawFault(
  random: Random,
  workers: readonly string[],
  apis: readonly string[],
  hasClocks: boolean,
): Fault {
  const who = random.chance(0.8) ? random.pick(workers) : random.pick(apis);
  const step = random.int(1, STEPS);
  const atMs = random.int(0, FAULTS_MS);
  const forMs = Math.round(random.skewed(5, LONGEST_MS));
  const lasting = { atMs, forMs };
  const downMs = Math.round(random.skewed(50, 20_000));
  const weather = {
    slowness: random.pick([1, 1, 10, 100]),
    lost: random.pick([0, 0.1, 0.5]),
    unanswered: random.pick([0, 0.1, 0.5]),
  };
  const draws: readonly (() => Fault)[] = [
    () => ({ kind: 'kill', who, step, downMs }),
    () => ({ kind: 'kill', who, step, downMs }),
    () => ({ kind: 'kill', who, step, downMs }),
    () => ({ kind: 'pause', who, step, forMs }),
    () => ({ kind: 'pause', who, step, forMs }),
    () => ({ kind: 'disconnect', who, step, forMs }),
    () => ({
      kind: 'stop',
      who: random.pick(workers),
      atMs,
      graceMs: random.pick([0, 500, 5_000]),
      downMs,
    }),
    () => ({
      kind: 'lag',
      who,
      topic: `${random.pick(TOPICS)}_txt2img_generation`,
      ...lasting,
      lagMs: Math.round(random.skewed(10, 8_000)),
    }),
    () => ({ kind: 'rebuild', who, atMs }),
    () => ({ kind: 'duplicate', atMs }),
    () => ({ kind: 'broker restart', ...lasting }),
    () => ({ kind: 'store away', ...lasting }),
    () => ({ kind: 'bus weather', weather, ...lasting }),
    () => ({ kind: 'bus weather', weather, ...lasting }),
    () => ({ kind: 'store weather', weather, ...lasting }),
    () =>
      hasClocks ? { kind: 'clock', who, atMs, byMs: random.pick(JUMPS_MS) } : { kind: 'duplicate', atMs },
  ];
  return random.pick(draws)();
}

export function describeFault(fault: Fault): string {
  const { kind, ...rest } = fault;
  const named = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return `${kind}: ${named.join(', ')}`;
}

/** Lets the faults strike. */
export function arm(world: World, fleet: Fleet, faults: readonly Fault[]): void {
  const { scheduler, story } = world;
  const traps = new Map<string, Fault[]>();
  for (const fault of faults) {
    if ('step' in fault) {
      const key = `${fault.who}/${fault.step}`;
      traps.set(key, [...(traps.get(key) ?? []), fault]);
    } else {
      scheduler.after(fault.atMs, undefined, 'fault', () => strike(world, fleet, fault));
    }
  }
  const steps = new Map<string, number>();
  scheduler.beforeStep = ({ name }, label) => {
    const step = (steps.get(name) ?? 0) + 1;
    steps.set(name, step);
    for (const fault of traps.get(`${name}/${step}`) ?? []) {
      if (scheduler.sinceBeginMs > FAULTS_MS) continue;
      story.count(`${fault.kind} before: ${label}`);
      strike(world, fleet, fault);
    }
  };
}

function strike(world: World, fleet: Fleet, fault: Fault): void {
  world.story.count(`faults: ${fault.kind}`);
  switch (fault.kind) {
    case 'kill':
      fleet.kill(fault.who, 'killed', fault.downMs);
      break;
    case 'pause':
      fleet.pause(fault.who, fault.forMs);
      break;
    case 'disconnect':
      fleet.disconnect(fault.who, fault.forMs);
      break;
    case 'stop':
      fleet.stop(fault.who, fault.graceMs, fault.downMs);
      break;
    case 'clock':
      fleet.moveClock(fault.who, fault.byMs);
      break;
    case 'rebuild':
      fleet.rebuildView(fault.who);
      break;
    case 'duplicate':
      world.broker.duplicate();
      break;
    case 'lag':
      lag(world, fault);
      break;
    case 'broker restart':
      world.broker.restart();
      away(world, world.busNetwork, 'the brokers', fault.forMs);
      break;
    case 'store away':
      away(world, world.storeNetwork, 'the store', fault.forMs);
      break;
    case 'bus weather':
      change(world, world.busNetwork, 'the way to the brokers', fault);
      break;
    case 'store weather':
      change(world, world.storeNetwork, 'the way to the store', fault);
      break;
  }
}

function lag({ lags, scheduler, story }: World, fault: Extract<Fault, { kind: 'lag' }>): void {
  const key = `${fault.who}/${fault.topic}`;
  story.tell(fault.who, `reads ${fault.topic} ${fault.lagMs} ms late, for ${fault.forMs} ms`);
  lags.set(key, fault.lagMs);
  scheduler.after(fault.forMs, undefined, 'lag over', () => lags.delete(key));
}

function away({ scheduler, story, broker }: World, network: Network, what: string, forMs: number): void {
  story.tell('world', `${what} are away for ${forMs} ms`);
  network.isUp = false;
  scheduler.after(forMs, undefined, 'back', () => {
    network.isUp = true;
    story.tell('world', `${what} are back`);
    broker.restart();
  });
}

function change(
  { scheduler, story }: World,
  network: Network,
  what: string,
  { weather, forMs }: { readonly weather: Weather; readonly forMs: number },
): void {
  story.tell('world', () => `${what}: ${JSON.stringify(weather)} for ${forMs} ms`);
  Object.assign(network.weather, weather);
  scheduler.after(forMs, undefined, 'weather over', () => {
    Object.assign(network.weather, { slowness: 1, lost: 0, unanswered: 0 });
  });
}
