/** `node --import list-imports.ts …`: prints every module that was loaded after it, at exit. */
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});
process.on('exit', () => process.stdout.write(JSON.stringify(loaded)));
