import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import type { Bus } from './bus.ts';
import { consumingContract } from './contract/consuming.ts';
import { faultContract } from './contract/faults.ts';
import { pressureContract } from './contract/pressure.ts';
import { publishingContract } from './contract/publishing.ts';
import { readingContract } from './contract/reading.ts';
import { redeliveryContract } from './contract/redelivery.ts';
import type { BusContractOptions, BusUnderTest, OpenBus, Subject } from './contract/subject.ts';
import { survivalContract } from './contract/survival.ts';

export type { BusContractOptions, BusUnderTest, Supports } from './contract/subject.ts';

const SET_UP_MS = 300_000;

/** The law of the bus port: every adapter calls this from an `.int.test.ts` of its own. */
export function busContract(options: BusContractOptions): void {
  describe(`${options.name} keeps the bus contract`, () => {
    let under: BusUnderTest | undefined;
    let openBus: OpenBus | undefined;
    const steps: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      ({ openBus } = (await import(options.module)) as { openBus: OpenBus });
      under = await options.create();
    }, SET_UP_MS);
    afterEach(async () => {
      for (const step of steps.splice(0).reverse()) await step();
    }, SET_UP_MS);
    afterAll(async () => {
      await under?.destroy();
    }, SET_UP_MS);

    const subject: Subject = {
      options,
      under() {
        if (!under) throw new Error('the bus under test is there only inside tests');
        return under;
      },
      async open(address = subject.under().address): Promise<Bus> {
        if (!openBus) throw new Error(`${options.module} does not export openBus`);
        const bus = await openBus(address);
        subject.cleanUp(() => bus.close());
        return bus;
      },
      cleanUp: (step) => void steps.push(step),
    };

    publishingContract(subject);
    readingContract(subject);
    consumingContract(subject);
    redeliveryContract(subject);
    pressureContract(subject);
    faultContract(subject);
    survivalContract(subject);
  });
}
