import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet } from '../fleet/fleet.ts';
import type { Promises } from '../load/promises.ts';

/**
 * `genfleet verify` over every receipt from that one on; what it names that it has not named before, or why it could not say.
 */
export async function verifyReceipts(
  fleet: Fleet,
  { receipts, named }: Promises,
  from: number,
): Promise<string[]> {
  const file = join(fleet.options.logs, 'receipts.jsonl');
  await writeFile(
    file,
    receipts
      .slice(from)
      .map((receipt) => `${JSON.stringify(receipt)}\n`)
      .join(''),
  );
  const { code, stdout, stderr } = await fleet.genfleet(['verify', '--receipts', file]);
  if (code === 0) return [];
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('verified '));
  const news = lines.filter((line) => !named.has(line));
  for (const line of news) named.add(line);
  // an end that no line explains is one by itself
  if (lines.length === 0) return [`verify: ended with ${code}: ${stderr}`];
  return news.map((line) => `verify: ${line}`);
}
