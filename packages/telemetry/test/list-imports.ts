/** `node --import list-imports.ts …`: prints the names of the packages that were loaded after it, at exit. */
import { registerHooks } from 'node:module';

const PACKAGE = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    const name = PACKAGE.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return next(url, context);
  },
});
// short enough for a pipe to take it at once: nobody is left to send the rest
process.on('exit', () => process.stdout.write(JSON.stringify([...loaded])));
