import { describe, expect, it } from '@jest/globals';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { PatientExporter } from './patient-exporter.ts';

function setUp() {
  let nowMs = 1_000_000;
  let up = true;
  let sent = 0;
  const changes: string[] = [];
  const inner: SpanExporter = {
    export(_spans: ReadableSpan[], done: (result: ExportResult) => void) {
      sent += 1;
      done(
        up
          ? { code: ExportResultCode.SUCCESS }
          : { code: ExportResultCode.FAILED, error: new Error('refused') },
      );
    },
    shutdown: async () => undefined,
  };
  const onChange = (down: Error | undefined) => void changes.push(down?.message ?? 'works');
  const exporter = new PatientExporter(inner, { now: () => nowMs, onChange });
  return {
    changes,
    sent: () => sent,
    setUp: (value: boolean) => {
      up = value;
    },
    exportAfter(waitMs: number) {
      nowMs += waitMs;
      let code: ExportResultCode | undefined;
      exporter.export([], (result) => {
        code = result.code;
      });
      return code;
    },
  };
}

describe('PatientExporter', () => {
  it('passes everything on while the collector takes it', () => {
    const it = setUp();
    for (let batch = 0; batch < 5; batch++) expect(it.exportAfter(10)).toBe(ExportResultCode.SUCCESS);
    expect(it.sent()).toBe(5);
    expect(it.changes).toEqual([]);
  });

  it('leaves a failing collector alone, longer each time, up to a minute', () => {
    const it = setUp();
    it.setUp(false);
    const sentAtSecond: number[] = [];
    for (let second = 0; second <= 300; second++) {
      const before = it.sent();
      it.exportAfter(1_000);
      if (it.sent() > before) sentAtSecond.push(second);
    }
    const waits = sentAtSecond.slice(1).map((second, index) => second - (sentAtSecond[index] ?? 0));
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(it.changes).toEqual(['refused']);
  });

  it('says once that it works again, and starts from the shortest wait the next time', () => {
    const it = setUp();
    it.setUp(false);
    it.exportAfter(0);
    it.exportAfter(1_000);
    it.setUp(true);
    it.exportAfter(2_000);
    it.exportAfter(1);
    expect(it.changes).toEqual(['refused', 'works']);
    it.setUp(false);
    it.exportAfter(1);
    const before = it.sent();
    it.exportAfter(999);
    expect(it.sent()).toBe(before);
    it.exportAfter(1);
    expect(it.sent()).toBe(before + 1);
  });
});
