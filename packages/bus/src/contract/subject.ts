import { it } from '@jest/globals';
import type { Bus } from '../bus.ts';

/**
 * What an adapter may be unable to do. Each is declared: true, or the reason why not, which the skipped test
 * then shows. A new entry does not compile until every adapter has said which.
 */
export interface Supports {
  /** A broker of its own that can be killed and started again while clients are connected. */
  readonly restart: true | string;
  /** Refuses a wrong token as `bus_unauthorized`. */
  readonly tokens: true | string;
  /** A full consumer holds nothing back from the others: no message waits in its buffer. */
  readonly noPrefetch: true | string;
  /** `send` reports exactly the publish time that readers will see, not one a little apart. */
  readonly exactPublishTime: true | string;
}

/** The bus that the suite runs on; topics have new names in each test, so one serves them all. */
export interface BusUnderTest {
  /** What `openBus` of the adapter's module opens. Opened many times at once, from several processes. */
  readonly address: string;
  /** An address where nothing answers. */
  readonly unreachableAddress: string;
  /** The same bus, with a token that it refuses. */
  readonly wrongTokenAddress?: string;
  /** Kills the broker as kill -9 does, and starts it again; resolves once it answers. */
  restart?(): Promise<void>;
  /** Takes everything away. All handles were closed before. */
  destroy(): Promise<void>;
}

export interface BusContractOptions {
  /** The adapter's name, for the report. */
  readonly name: string;
  /**
   * URL of a module that exports `openBus(address: string): Promise<Bus>`. The suite imports it here and in
   * child processes, because some promises are about processes that are killed.
   */
  readonly module: string;
  create(): Promise<BusUnderTest>;
  readonly supports: Supports;
}

export type OpenBus = (address: string) => Promise<Bus>;

/** What each test works with. */
export interface Subject {
  readonly options: BusContractOptions;
  /** The bus under test; there only inside tests. */
  under(): BusUnderTest;
  /** A new handle, closed after the test if it still is open. `address` is that of the bus under test unless given. */
  open(address?: string): Promise<Bus>;
  /** Runs after the test, last one first. */
  cleanUp(step: () => Promise<void>): void;
}

/** `it`, or a skip that shows the reason, as the adapter declared. */
export function itIf(
  supported: true | string,
  title: string,
  test: () => Promise<void>,
  timeoutMs = 60_000,
): void {
  if (supported === true) it(title, test, timeoutMs);
  else it.skip(`${title} (not here: ${supported})`, test);
}
