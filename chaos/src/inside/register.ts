/**
 * `node --import chaos/src/inside/register.ts services/…/main.ts`: makes a process of the fleet do to itself what the
 * harness orders. The product's code is not changed and knows nothing of it: what it imports as its adapters is
 * watched from outside, and a mutant's change is made to the text of a module as it is loaded.
 */
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { installClock, shiftClock } from './clock.ts';
import { mutate } from './mutants.ts';
import { CHARGE_VARIABLE, type Charge, type Order } from './orders.ts';
import { arm, disarm, goOn } from './passage.ts';
import { service } from './service.ts';
import { setEverythingTwice } from './twice.ts';
import { watchNaming, watchViewTransactions } from './watched-store.ts';

const OWN_ADAPTERS = new URL('./adapters.ts', import.meta.url).href;

function obey(order: Order): void {
  switch (order.do) {
    case 'kill':
    case 'hold':
      arm(order);
      break;
    case 'go on':
      goOn();
      break;
    case 'disarm':
      disarm();
      break;
    case 'shift clock':
      shiftClock(order.byMs);
      break;
    case 'everything twice':
      setEverythingTwice(order.on);
      break;
  }
}

const charge = JSON.parse(process.env[CHARGE_VARIABLE] ?? '{"orders":[]}') as Charge;

if (service !== '' && isMainThread) {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@genfleet/adapters' && context.parentURL?.includes('/services/')
        ? { url: OWN_ADAPTERS, format: 'module-typescript', shortCircuit: true }
        : next(specifier, context),
    load: (url, context, next) => mutate(charge.mutant, url, next(url, context)),
  });
  installClock();
  watchNaming();
  watchViewTransactions();
  for (const order of charge.orders) obey(order);
  process.on('message', obey);
  // the harness's line must not keep a process alive that has nothing else to do
  process.channel?.unref();
}
