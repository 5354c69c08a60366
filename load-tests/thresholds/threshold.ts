/** What has to hold under load, and why. */
export interface Threshold {
  /** A metric of k6 or of the scenario, with a tag if need be: `http_req_duration{name:post image}`. */
  readonly metric: string;
  /** In k6's words: `p(95)<250`. Times are in ms. */
  readonly must: string;
  readonly because: string;
  /** Depends on how fast the machine is, so a smoke, which may share its machine with anything, leaves it out. */
  readonly timed?: true;
  /** Missing it says how much the product takes and not that it is wrong: the run stops there, some seconds in. */
  readonly knee?: { readonly stopAfterSeconds: number };
}

/** What no load excuses. */
export const SOUND: readonly Threshold[] = [
  {
    metric: 'http_req_failed',
    must: 'rate==0',
    because: 'an answer that the scenario does not expect is a fault, however many come at once',
  },
  {
    metric: 'checks',
    must: 'rate==1',
    because: 'every answer says what its shape promises, and every job ends well',
  },
];

/** Of scenarios in which clients come at a rate of their own. */
export const ON_TIME: Threshold = {
  metric: 'dropped_iterations',
  must: 'count==0',
  because: 'a client that k6 could not start is missing from every other figure',
  timed: true,
};
