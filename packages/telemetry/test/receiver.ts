/** The second process of the trace test: takes the message's properties, runs an engine of three steps and fails. */

import { GenfleetError } from '@genfleet/job';
import { createLogger, extractContext, flushTraces, stepSpans, withSpan } from '@genfleet/telemetry';

const properties = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
const log = createLogger({ level: 'info', service: 'receiver' });

const work = withSpan('job process', { kind: 'consumer', parent: extractContext(properties) }, async () => {
  log.info({ jobId: '42' }, 'claimed');
  await withSpan('engine generate', { attributes: { 'genfleet.model': 'demo' } }, (span) => {
    const onStep = stepSpans(span);
    for (const step of [1, 2, 3]) onStep(step, 3);
    throw new GenfleetError('engine_failed', 'out of paint');
  });
});
await work.catch(() => undefined);
await flushTraces();
process.exit(0);
