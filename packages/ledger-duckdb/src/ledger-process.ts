/** The process that holds DuckDB: a query that takes all of a processor, or breaks the engine, takes nothing else along. */
import { Cache } from './cache.ts';
import { faultOf } from './faults.ts';
import type { FromProcess, OpenMessage, Request, ToProcess } from './protocol.ts';
import { RunningQuery } from './run-query.ts';

let cache: Cache | undefined;
const queries = new Map<number, RunningQuery>();
/** What changes the rows is done one after the other. */
let changes: Promise<void> = Promise.resolve();

const say = (message: FromProcess) => void process.send?.(message, undefined, undefined, () => undefined);

async function open(options: OpenMessage): Promise<void> {
  try {
    // the file holds what clients wrote
    process.umask(0o077);
    cache = await Cache.open(options);
    say({ type: 'ready', cursors: await cache.cursors(), rebuilt: cache.rebuilt });
  } catch (error) {
    say({ type: 'refused', message: error instanceof Error ? error.message : String(error) });
  }
}

async function query(opened: Cache, id: number, asked: { sql: string; maxRows: number }): Promise<void> {
  const running = new RunningQuery();
  queries.set(id, running);
  const ended = await running.run(opened, asked, (rows) => say({ type: 'rows', id, rows }));
  queries.delete(id);
  if ('kind' in ended) say({ type: 'failed', id, fault: ended });
  else say({ type: 'answer', id, ...ended });
}

async function change(
  opened: Cache,
  id: number,
  request: Exclude<Request, { type: 'query' }>,
): Promise<void> {
  try {
    let foreign = false;
    if (request.type === 'insert') await opened.insert(request.table, request.messages);
    else if (request.type === 'load') await opened.load(request.table, request.file, request.range);
    else if (request.type === 'forget') await opened.forget(request.table, request.range);
    else if (request.type === 'align')
      foreign = !(await opened.align(request.table, request.first, request.keepFrom));
    else await opened.reset();
    say({ type: 'done', id, foreign });
  } catch (error) {
    say({ type: 'failed', id, fault: { ...faultOf(error, ''), kind: 'broken', isOfFile: true } });
  }
}

process.on('message', (message: ToProcess) => {
  if (message.type === 'open') return void open(message);
  if (message.type === 'cancel') return queries.get(message.id)?.cancel();
  if (message.type === 'close') return void close();
  const opened = cache;
  if (!opened) return;
  if (message.type === 'query') return void query(opened, message.id, message);
  changes = changes.then(() => change(opened, message.id, message));
});

/** What is written goes into the file itself, so that the next start need not replay it. */
async function close(): Promise<void> {
  for (const running of queries.values()) running.cancel();
  await changes;
  cache?.close();
  process.exit(0);
}

// whoever started it is gone
process.on('disconnect', () => process.exit(0));
