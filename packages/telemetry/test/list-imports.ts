/** `node --import list-imports.ts …`: prints every module that was loaded after it, at exit. */
import { writeSync } from 'node:fs';
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});
process.on('exit', () => {
  // a pipe takes some at a time, and nobody is left to send the rest
  const text = Buffer.from(JSON.stringify(loaded));
  for (let sent = 0; sent < text.length; ) sent += writeSync(1, text.subarray(sent, sent + 4_096));
});
