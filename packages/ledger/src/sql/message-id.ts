/** Widths of the parts of a message id of Pulsar as the bus writes it: ledger, entry, place in the entry. */
const WIDTHS = [15, 10, 5] as const;
const CONNECTORS = /^\((\d+),(\d+),-?\d+(?:,(-?\d+))?\)$/;

/**
 * The message id as the bus has it, which sorts in the order of its topic: Pulsar's connector for Trino writes
 * `(ledger,entry,partition)` or `(ledger,entry,partition,place)`. One that does not look so is the bus's already.
 */
export function busMessageId(text: string): string {
  const [, ...parts] = CONNECTORS.exec(text) ?? [];
  if (parts.length === 0) return text;
  // −1 is that of a message which was not batched
  const numbers = parts.map((part) => Math.max(0, Number(part ?? 0)));
  return WIDTHS.map((width, index) => String(numbers[index] ?? 0).padStart(width, '0')).join(':');
}

/** The same in the SQL of Trino, of the connector's column. */
export function busMessageIdSql(column: string): string {
  const inner = `substr(${column}, 2, length(${column}) - 2)`;
  const part = (place: number) => `split_part(${inner}, ',', ${place})`;
  const numbers = [part(1), part(2), `coalesce(nullif(${part(4)}, '-1'), '0')`];
  return numbers.map((text, index) => `lpad(${text}, ${WIDTHS[index]}, '0')`).join(" || ':' || ");
}
