/** How much load a scenario makes. */
export interface Shape {
  readonly durationSeconds: number;
  /** Arrivals a second, where clients come whether or not those before them were served. */
  readonly rate?: number;
  /** Clients at once, where each waits for its answer before it asks again. */
  readonly vus?: number;
}

interface Plan {
  /** What it does, in one line. */
  readonly about: string;
  readonly full: Shape;
  /** A few seconds: enough to show that everything in it works. */
  readonly smoke: Shape;
  /** Environment of the product, where the command starts it. */
  readonly product?: (isSmoke: boolean) => Readonly<Record<string, string>>;
}

/** The scenarios. A shape has the members that its scenario can be told. */
export const PLANS = {
  user: {
    about: 'people who post an image, poll each second until it is there, look at it and post the next',
    full: { durationSeconds: 60, vus: 10 },
    smoke: { durationSeconds: 2, vus: 2 },
  },
  arrivals: {
    about: 'images at a constant rate, each followed to its end',
    full: { durationSeconds: 60, rate: 5 },
    smoke: { durationSeconds: 2, rate: 2 },
  },
  bursts: {
    about: 'three bursts of images over the queue’s bound, a long backlog, and the time to drain it',
    full: { durationSeconds: 60, rate: 10, vus: 50 },
    smoke: { durationSeconds: 3, rate: 14, vus: 14 },
    product: (isSmoke) => ({ MAX_QUEUED_JOBS: isSmoke ? '8' : '50' }),
  },
  typing: {
    about: 'people who type code: a completion with each keystroke, superseded by the next or hung up on',
    full: { durationSeconds: 60, vus: 5 },
    smoke: { durationSeconds: 2, vus: 2 },
  },
  streaming: {
    about: 'completions token by token: time to the first chunk, and between chunks',
    full: { durationSeconds: 60, vus: 8 },
    smoke: { durationSeconds: 2, vus: 2 },
  },
  tenants: {
    about: 'a tenant who buries the queue in large jobs, beside one with small ones and one who types code',
    full: { durationSeconds: 60, rate: 2, vus: 8 },
    smoke: { durationSeconds: 2, rate: 1, vus: 1 },
    // they are tenants by what a proxy would say
    product: () => ({ TENANT_HEADER: 'X-Tenant' }),
  },
  soak: {
    about: 'moderate load for long: whether memory and latency drift',
    full: { durationSeconds: 1_800, rate: 2 },
    smoke: { durationSeconds: 4, rate: 2 },
  },
  breakpoint: {
    about: 'images at a rate that climbs until they come late: where the knee is',
    full: { durationSeconds: 120, rate: 40 },
    smoke: { durationSeconds: 4, rate: 4 },
  },
} as const satisfies Readonly<Record<string, Plan>>;

export type ScenarioName = keyof typeof PLANS;

export const SCENARIOS = Object.keys(PLANS) as ScenarioName[];

export const planOf = (name: ScenarioName): Plan => PLANS[name];
