import { type CompletionSettings, withoutText } from '@genfleet/job';

/** Twice what a bus of ours takes: larger texts are no events. */
const MAX_CHARS = 512 * 1_024;
const LONE_SURROGATE = /\\ud[89a-f]/i;

/**
 * What the archive keeps of a message, as JSON that every parser takes: all of it, but of a completion whose request did
 * not say `store` nothing that a person wrote. Its settings stay, and so do its times, its tokens and what became of it.
 * `null` for what is no JSON.
 */
export function archivedValue(text: string): string {
  if (text.length > MAX_CHARS) return 'null';
  try {
    const value: unknown = JSON.parse(text);
    const kept = JSON.stringify(
      isPrivate(value) ? { ...value, settings: withoutText(value.settings) } : value,
    );
    return LONE_SURROGATE.test(kept) ? JSON.stringify(JSON.parse(kept, wellFormed)) : kept;
  } catch {
    return 'null';
  }
}

/** By shape: an event of a newer Genfleet has prompts at the same place. */
function isPrivate(value: unknown): value is { settings: CompletionSettings } {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, store, settings } = value as { kind?: unknown; store?: unknown; settings?: unknown };
  return kind !== 'txt2img' && store !== true && typeof settings === 'object' && settings !== null;
}

const wellFormed = (_key: string, value: unknown) =>
  typeof value === 'string' ? value.toWellFormed() : value;
