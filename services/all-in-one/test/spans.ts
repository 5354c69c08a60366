import { readFileSync } from 'node:fs';

/** A span as the collector's debug exporter wrote it. */
export interface ReceivedSpan {
  /** `service.name` of the process that made it. */
  readonly service: string;
  readonly traceId: string;
  readonly parentId: string;
  readonly id: string;
  readonly name: string;
  /** All that stands there about it: kind, attributes, events. */
  readonly text: string;
}

/** Every span in the collector's log. */
export function readSpans(logFile: string): ReceivedSpan[] {
  return readFileSync(logFile, 'utf8')
    .split('ResourceSpans #')
    .flatMap((resource) => {
      const service = /service\.name: Str\((.*?)\)/.exec(resource)?.[1] ?? '';
      const [, ...spans] = resource.split(/^Span #\d+$/m);
      return spans.map((text) => ({ service, ...fieldsOf(text), text }));
    });
}

function fieldsOf(text: string) {
  const field = (name: string) => new RegExp(`^ +${name} +: (.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  return { traceId: field('Trace ID'), parentId: field('Parent ID'), id: field('ID'), name: field('Name') };
}
