import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { runCli } from './cli.ts';

function context() {
  const said: string[] = [];
  const complaints: string[] = [];
  const loadConfig = (): never => {
    throw new GenfleetError('invalid_configuration', 'BUS_URL is not one');
  };
  const unasked = (): never => {
    throw new Error('there is no configuration to open it with');
  };
  return {
    said,
    complaints,
    loadConfig,
    openBus: unasked,
    openArtifacts: unasked,
    openLedger: unasked,
    readInput: unasked,
    interrupted: () => new AbortController().signal,
    now: Date.now,
    say: (line: string) => void said.push(line),
    complain: (line: string) => void complaints.push(line),
  };
}

describe('genfleet', () => {
  it.each([[['help']], [['-h']], [['setup', '--help']], [['verify', '--json', '-h']], [['sql', '--help']]])(
    'explains itself when asked by %j',
    async (words) => {
      const asked = context();
      expect(await runCli(words, asked)).toBe(0);
      expect(asked.said.join('\n')).toContain('genfleet setup');
    },
  );

  it('takes what stands after -- as it is', async () => {
    const asked = context();
    expect(await runCli(['sql', '--', '--help'], asked)).toBe(1);
    expect(asked.said).toEqual([]);
  });

  it.each([[[]], [['set-up']], [['setup', '--wait']], [['setup', '--wait', 'long']], [['setup', 'now']]])(
    'does not guess at %j',
    async (words) => {
      const misunderstood = context();
      expect(await runCli(words, misunderstood)).toBe(2);
      expect(misunderstood.complaints.join('\n')).toContain('genfleet setup');
    },
  );

  it('names a command that there is not', async () => {
    const misunderstood = context();
    await runCli(['redrive'], misunderstood);
    expect(misunderstood.complaints[0]).toMatch(/^there is no command redrive\n/);
  });

  it('says what is wrong in one line', async () => {
    const failing = context();
    expect(await runCli(['setup'], failing)).toBe(1);
    expect(failing.complaints).toEqual(['invalid_configuration: BUS_URL is not one']);
  });
});
