import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Tells whether others write to a file: https://sqlite.org/pragma.html#pragma_data_version */
export class DataVersion {
  readonly #version: StatementSync;
  #seen = -1;

  constructor(database: DatabaseSync) {
    this.#version = database.prepare('pragma data_version');
  }

  /** Whether another connection than this one committed since the last call; true at the first. */
  hasChanged(): boolean {
    const version = Number(this.#version.get()?.['data_version'] ?? 0);
    if (version === this.#seen) return false;
    this.#seen = version;
    return true;
  }
}
