import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync } from 'node:sqlite';
import type { ArtifactStore, ObjectStore } from '@genfleet/artifacts';
import { pass, passSync } from './passage.ts';
import { service } from './service.ts';
import { override } from './watched-bus.ts';

/** A store whose puts pass the points. */
export function watchArtifacts(store: ArtifactStore): ArtifactStore {
  return override(store, {
    putIfAbsent: async (key, bytes, contentType) => {
      await pass('artifact.unstored', key);
      const isNew = await store.putIfAbsent(key, bytes, contentType);
      await pass('artifact.stored', key);
      return isNew;
    },
  });
}

/** A store of objects, which are the archive's records and files, whose puts pass the points. */
export function watchArchive(objects: ObjectStore): ObjectStore {
  return override(objects, {
    putIfAbsent: async (key, bytes) => {
      await pass('archive.unclaimed', key);
      const isNew = await objects.putIfAbsent(key, bytes);
      await pass('archive.claimed', key);
      return isNew;
    },
    put: async (key, bytes) => {
      await objects.put(key, bytes);
      await pass('archive.stored', key);
    },
  });
}

/** Files are written, then given their name: in between they are whole and nobody finds them. */
export function watchNaming(): void {
  const { link, rename } = fs;
  const half = service === 'recorder' ? 'archive.half' : 'artifact.half';
  fs.link = async (from, to) => {
    await pass(half, String(to));
    return link(from, to);
  };
  fs.rename = async (from, to) => {
    await pass(half, String(to));
    return rename(from, to);
  };
  syncBuiltinESMExports();
}

/** The transactions of the view; the bus's file has its own tests. */
export function watchViewTransactions(): void {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
    const isView = sql === 'COMMIT' && /\/view-[^/]*$/.test(this.location() ?? '');
    if (isView) passSync('view.uncommitted');
    exec.call(this, sql);
    if (isView) passSync('view.committed');
  };
}
