import type { ImageEngine, ImageTask } from '@genfleet/engine';
import { pass, passSync } from './passage.ts';
import { override } from './watched-bus.ts';

/** An engine of images whose calls pass the points. */
export function watchEngine(engine: ImageEngine): ImageEngine {
  return override(engine, {
    generateImages: async (tasks) => {
      const text = tasks.map(({ settings }) => settings.prompt).join('\n');
      await pass('engine.called', text);
      const results = await engine.generateImages(tasks.map(watchTask));
      await pass('engine.returned', text);
      return results;
    },
  });
}

function watchTask(task: ImageTask): ImageTask {
  const onProgress: ImageTask['onProgress'] = (progress) => {
    task.onProgress(progress);
    passSync('engine.step', task.settings.prompt);
  };
  return { ...task, onProgress };
}
