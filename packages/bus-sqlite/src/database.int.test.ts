import { copyFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newFolder } from '../test/bus-file.ts';
import { lengthenLog, openForWriting } from './database.ts';

const LOG_BYTES = 2_000 * 4_096;

let place: ReturnType<typeof newFolder>;
beforeEach(() => {
  place = newFolder();
});
afterEach(() => place.remove());

describe('the log of the file', () => {
  it('is made as long as it gets, and a crash at any time leaves what was committed and no more', () => {
    const database = openForWriting(place.file);
    const register = database.prepare("insert into owners (host, pid, born) values (?, 1, '')");
    register.run('before');
    const size = () => statSync(`${place.file}-wal`).size;
    expect(size()).toBeLessThan(LOG_BYTES);
    lengthenLog(database, place.file);
    const lengthened = size();
    expect(lengthened).toBeGreaterThanOrEqual(LOG_BYTES);
    for (const hosts of [['before'], ['before', 'after']]) {
      if (hosts.length > 1) register.run('after');
      const copy = `${place.file}-of-${hosts.length}`;
      for (const end of ['', '-wal']) copyFileSync(place.file + end, copy + end);
      const crashed = new DatabaseSync(copy);
      expect(crashed.prepare('select host from owners').all()).toMatchObject(hosts.map((host) => ({ host })));
      expect(crashed.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
      crashed.close();
    }
    lengthenLog(database, place.file);
    expect(size()).toBe(lengthened);
    database.close();
  });

  it('stays as it is where there is no room, and the file can be written as before', () => {
    const database = openForWriting(place.file);
    database.exec('pragma max_page_count = 100');
    expect(() => lengthenLog(database, place.file)).toThrow(/full/);
    database.exec("insert into owners (host, pid, born) values ('after', 1, '')");
    expect(database.prepare('select host from owners').all()).toMatchObject([{ host: 'after' }]);
    database.close();
  });
});
