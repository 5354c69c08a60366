import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet } from '../fleet/fleet.ts';
import type { Promises } from '../load/promises.ts';

/** `genfleet verify` over every receipt there is; what it names as violations, or why it could not say. */
export async function verifyReceipts(fleet: Fleet, { receipts }: Promises): Promise<string[]> {
  const file = join(fleet.options.logs, 'receipts.jsonl');
  await writeFile(file, receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(''));
  const { code, output } = await fleet.genfleet(['verify', '--receipts', file]);
  if (code === 0) return [];
  const lines = output.trim().split('\n');
  return [`genfleet verify ended with ${code}`, ...lines].map((line) => `verify: ${line}`);
}
