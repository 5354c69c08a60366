const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{.*\})? ([-+.\w]+)$/gm;

/** Prometheus's text format: the value of each metric, summed over its labels. */
export function sumsIn(text: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [, name = '', value] of text.matchAll(SAMPLE)) {
    sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}
