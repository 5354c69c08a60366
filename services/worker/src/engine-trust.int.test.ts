import { GenfleetError } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure, greyPictures, ScriptedEngine } from '../test/scripted-engine.ts';
import { createRig, type Rig } from '../test/worker-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

const rubbish = { encoding: 'png', width: 64, height: 64, bytes: Buffer.from('rubbish') } as const;
const made = { ok: true, model: 'grey', modelLoadMs: 0, generateMs: 1 } as const;

describe('an engine that failed', () => {
  it.each([
    ['by its own account', failure(new GenfleetError('engine_failed', 'a kernel went wrong'))],
    ['as what it made shows', { ...made, images: [rubbish] }],
  ])('%s is asked for its health before it gets another job', async (_how, result) => {
    let isWell = false;
    const engine = new ScriptedEngine(async (task) => (isWell ? greyPictures(task, 1, 1) : result));
    const health = async () => {
      // it mends itself when it is asked, as a container does that is started again
      isWell = engine.batches.length > 0;
    };
    await rig.start(Object.assign(engine, { health }));
    const { outcome } = await rig.until(await rig.request(), 'completed');
    expect(outcome).toMatchObject({ event: { attempt: 2 } });
  });
});
