/** The prompt that asks a model to fill the gap between two texts, by its own template. */
export function fimPrompt(template: string, prefix: string, suffix: string): string {
  // one pass: a prefix that holds "{suffix}" is a program about templates, not one
  return template.replace(/\{(prefix|suffix)\}/g, (_, side) => (side === 'prefix' ? prefix : suffix));
}
