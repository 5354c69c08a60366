import { parseArgs } from 'node:util';
import { KINDS, type Kind } from '@genfleet/job';

/** What `genfleet verify` was asked to do. */
export interface VerifyWords {
  readonly receipts?: string;
  /** Unix time in ms. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly kind?: Kind;
  readonly json: boolean;
  readonly artifacts: 'check' | 'skip';
}

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** @returns what the words mean, or why nobody understands them. */
export function readVerifyWords(words: readonly string[]): VerifyWords | string {
  const parsed = parse(words);
  if (typeof parsed === 'string') return parsed;
  const { receipts, from, to, kind, json = false, artifacts = 'check' } = parsed;
  const [fromMs, toMs] = [from, to].map((text) => (text === undefined ? undefined : timeIn(text)));
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) {
    return 'a TIME is a date (2026-03-01, at 0:00 UTC), or with a time and its zone (2026-03-01T12:00:00Z)';
  }
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) return '--from is not before --to';
  if (receipts !== undefined && (from !== undefined || to !== undefined)) {
    return 'either --receipts or a time range: receipts say themselves which jobs are meant';
  }
  if (artifacts !== 'check' && artifacts !== 'skip') return '--artifacts is check or skip';
  const known = KINDS.find((one) => one === kind);
  if (kind !== undefined && known === undefined) return `--kind is one of: ${KINDS.join(', ')}`;
  return {
    json,
    artifacts,
    ...(receipts === undefined ? {} : { receipts }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    ...(known === undefined ? {} : { kind: known }),
  };
}

function parse(words: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = {
      receipts: text,
      from: text,
      to: text,
      kind: text,
      artifacts: text,
      json: { type: 'boolean' },
    } as const;
    return parseArgs({ args: [...words], options, strict: true }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Unix time in ms; NaN for what is no time. */
function timeIn(text: string): number {
  return TIME.test(text) ? Date.parse(text) : Number.NaN;
}
