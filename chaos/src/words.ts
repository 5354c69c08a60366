import { parseArgs } from 'node:util';
import { STAGES, type StageName } from './fleet/backing.ts';

export interface Words {
  readonly list: boolean;
  readonly mutants: boolean;
  readonly short: boolean;
  /** Names of experiments, or of mutants; undefined for all. */
  readonly only: readonly string[] | undefined;
  readonly stages: readonly StageName[];
  /** The figures go into docs/reliability.md. */
  readonly page: boolean;
  /** Where the figures go as JSON. */
  readonly json: string | undefined;
}

export const USAGE = `npm run chaos -- [--list] [--only NAME,…] [--short] [--bus embedded|small-disk|pulsar] [--json FILE] [--page] [--mutants]`;

/** @throws Error for words that are not understood. */
export function readWords(args: readonly string[]): Words {
  const { values } = parseArgs({
    args: [...args],
    options: {
      list: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      bus: { type: 'string' },
      json: { type: 'string' },
      page: { type: 'boolean', default: false },
    },
  });
  const { list, mutants, short, only, bus, json, page } = values;
  const stages = STAGES.filter((stage) => bus === undefined || stage === bus);
  if (stages.length === 0) throw new Error(`--bus is one of ${STAGES.join(', ')}`);
  return { list, mutants, short, json, page, only: only?.split(','), stages };
}
