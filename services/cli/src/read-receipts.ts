import { createReadStream } from 'node:fs';
import { GenfleetError, IN_PLAIN_WORDS, type Receipt, receiptSchema } from '@genfleet/job';

/** Many times what a receipt takes. */
const MAX_LINE_CHARS = 8_192;

/**
 * The receipts in a file, one JSON object to a line; empty lines are passed over.
 * @throws GenfleetError `not_found` when the file can't be read, `invalid_message` naming the line that is no receipt.
 */
export async function* readReceipts(file: string, signal: AbortSignal): AsyncGenerator<Receipt> {
  let line = 0;
  for await (const text of linesOf(file, signal)) {
    line += 1;
    if (text.trim() !== '') yield receiptIn(text, `${file}:${line}`);
  }
}

function receiptIn(text: string, where: string): Receipt {
  const refused = (why: string) => new GenfleetError('invalid_message', `${where}: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('not a JSON object');
  }
  const parsed = receiptSchema.safeParse(value, IN_PLAIN_WORDS);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refused(`${issue?.path.join('.') || 'receipt'}: ${issue?.message ?? 'invalid'}`);
}

async function* linesOf(file: string, signal: AbortSignal): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8', signal })) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > MAX_LINE_CHARS) {
        throw new GenfleetError(
          'invalid_message',
          `${file}: a line of more than ${MAX_LINE_CHARS} characters`,
        );
      }
    }
  } catch (error) {
    throw GenfleetError.from(error, 'not_found');
  }
  if (rest !== '') yield rest;
}
