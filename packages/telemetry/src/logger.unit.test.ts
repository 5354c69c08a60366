import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { createLogger, type LogFields } from './logger.ts';

function logger(level = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  return { log: createLogger({ level, service: 'api', destination }), lines };
}

describe('createLogger', () => {
  it('writes one JSON line with its fields', () => {
    const { log, lines } = logger();
    log.info({ jobId: 'j', attempt: 2, model: 'm' }, 'completed');
    const time: unknown = expect.any(Number);
    expect(lines).toEqual([
      { level: 30, time, service: 'api', jobId: 'j', attempt: 2, model: 'm', msg: 'completed' },
    ]);
  });

  it('lets no other field through, at the call or bound', () => {
    const { log, lines } = logger();
    const request = { jobId: 'j', prompt: 'a private matter', token: 'secret' } as LogFields;
    log.warn(request, 'refused');
    log.with(request).with({ topic: 't' }).error({ attempt: 1 }, 'again');
    expect(JSON.stringify(lines)).not.toMatch(/private|secret/);
    expect(lines[1]).toMatchObject({ jobId: 'j', topic: 't', attempt: 1, level: 50, msg: 'again' });
  });

  it('has every field of the set', () => {
    const { log, lines } = logger();
    const all: Required<LogFields> = {
      service: 's',
      tenant: 't',
      jobId: 'j',
      kind: 'k',
      attempt: 1,
      topic: 'o',
      subscription: 'u',
      model: 'm',
      engine: 'e',
      traceId: 'r',
      err: new Error('x'),
    };
    log.info(all, 'all');
    const { err: _err, ...plain } = all;
    expect(lines[0]).toMatchObject(plain);
    expect(lines[0]?.['err']).toMatchObject({ type: 'Error', message: 'x' });
  });

  it('writes an error with its code and causes', () => {
    const { log, lines } = logger();
    const cause = new Error('disk full');
    log.error({ err: new GenfleetError('artifacts_failed', 'not stored', { cause }) }, 'failed');
    expect(lines[0]?.['err']).toMatchObject({
      code: 'artifacts_failed',
      retryable: true,
      cause: { message: 'disk full' },
    });
  });

  it('keeps quiet below its level', () => {
    const { log, lines } = logger('warn');
    log.debug({}, 'x');
    log.info({}, 'x');
    log.warn({}, 'seen');
    expect(lines.map((line) => line['msg'])).toEqual(['seen']);
  });
});
