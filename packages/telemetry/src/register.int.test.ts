import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';

const REGISTER = join(import.meta.dirname, 'register.ts');
const file = (name: string) => join(import.meta.dirname, '../test', name);
const QUIET = '--disable-warning=ExperimentalWarning';

/** Runs Node to its end; without the OTEL variables of whoever runs the tests. */
async function node(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(OTEL_|NODE_OPTIONS)/.test(name));
  const child = spawn(process.execPath, [QUIET, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`ended with ${code}: ${errors.join('')}`);
  return output.join('');
}

interface Sent {
  readonly properties: { readonly traceparent: string };
  readonly traceId: string;
  readonly answerMs: number;
  readonly flushMs: number;
}

/** Lines of the log before the last are what the logger says of the collector. */
const lastLine = (output: string) => output.trim().split('\n').at(-1) ?? '';

interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly parentId: string;
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

/** Reads what the collector's debug exporter wrote. */
function parseSpans(log: string): ReceivedSpan[] {
  return log.split('ResourceSpans #').flatMap((resource) => {
    const service = /service\.name: Str\((.*?)\)/.exec(resource)?.[1] ?? '';
    return resource
      .split(/^Span #\d+$/m)
      .slice(1)
      .map((text) => {
        const field = (name: string) => new RegExp(`^ +${name} +: (.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
        return {
          service,
          traceId: field('Trace ID'),
          parentId: field('Parent ID'),
          id: field('ID'),
          name: field('Name'),
          text,
        };
      });
  });
}

async function spansOf(logFile: string, traceId: string, count: number): Promise<ReceivedSpan[]> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const spans = parseSpans(readFileSync(logFile, 'utf8')).filter((span) => span.traceId === traceId);
    if (spans.length >= count || Date.now() > endMs) return spans;
    await sleep(100);
  }
}

const collector = await provide('otelcol');
const logFile = 'missing' in collector ? undefined : collector.logFile;
const why = 'missing' in collector ? collector.missing : 'the log of the collector given can not be read';

describe('register', () => {
  const itTraced = logFile === undefined ? it.skip : it;
  itTraced(
    `makes one trace of two processes${logFile === undefined ? ` (${why})` : ''}`,
    async () => {
      if ('missing' in collector || !logFile) return;
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpUrl };
      const sent = JSON.parse(lastLine(await node(['--import', REGISTER, file('sender.ts')], env))) as Sent;
      expect(sent.properties.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      const output = await node(
        ['--import', REGISTER, file('receiver.ts'), JSON.stringify(sent.properties)],
        {
          ...env,
          OTEL_SERVICE_NAME: 'the-worker',
        },
      );
      expect(JSON.parse(output)).toMatchObject({ msg: 'claimed', jobId: '42', traceId: sent.traceId });

      const spans = await spansOf(logFile, sent.traceId, 7);
      const named = (name: string) => spans.filter((span) => span.name === name);
      const idOf = (name: string) => named(name)[0]?.id ?? `no span ${name}`;
      const [request] = named('POST /images/:id/');
      expect(request).toMatchObject({ parentId: '', service: 'sender' });
      expect(request?.text).toMatch(/Kind +: Server[\s\S]*http\.route: Str\(\/images\/:id\/\)/);
      expect(named('bus publish')).toMatchObject([{ parentId: request?.id, service: 'sender' }]);
      expect(named('job process')).toMatchObject([{ parentId: idOf('bus publish'), service: 'the-worker' }]);
      expect(named('engine generate')).toMatchObject([{ parentId: idOf('job process') }]);
      expect(named('engine generate')[0]?.text).toMatch(
        /Status code +: Error[\s\S]*out of paint[\s\S]*engine_failed|engine_failed[\s\S]*out of paint/,
      );
      expect(named('engine.step').map((span) => span.parentId)).toEqual(
        Array(3).fill(idOf('engine generate')),
      );
      expect(spans).toHaveLength(7);
      expect(readFileSync(logFile, 'utf8')).not.toMatch(/GET \/health/);
    },
    120_000,
  );

  it('does not wait for a collector that is not there, or never answers', async () => {
    const silent = createServer((socket) => void socket.on('error', () => socket.destroy()));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    for (const endpoint of ['http://127.0.0.1:1', `http://127.0.0.1:${port}`]) {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
      const sent = JSON.parse(lastLine(await node(['--import', REGISTER, file('sender.ts')], env))) as Sent;
      expect(sent.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(sent.answerMs).toBeLessThan(5_000);
      expect(sent.flushMs).toBeLessThan(10_000);
    }
    silent.close();
  }, 120_000);

  it('loads nothing without an endpoint, or when told not to', async () => {
    const list = ['--import', file('list-imports.ts'), '--import', REGISTER];
    const loaded = async (args: readonly string[], env: Record<string, string>) =>
      (JSON.parse(lastLine(await node([...list, ...args], env))) as string[]).filter((name) =>
        name.startsWith('@opentelemetry/'),
      );
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
    expect(await loaded(['-e', '0'], {})).toEqual([]);
    expect(await loaded(['-e', '0'], { OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toEqual([]);
    expect(await loaded(['-e', '0'], { ...endpoint, OTEL_SDK_DISABLED: 'true' })).toEqual([]);
    expect(await loaded(['-e', '0'], endpoint)).not.toEqual([]);
  }, 120_000);
});
