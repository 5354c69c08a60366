import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeArtifactsContract } from '@genfleet/artifacts/contract';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openFileStore } from './file-store.ts';
import { partialName } from './partial-name.ts';

const root = mkdtempSync(join(tmpdir(), 'genfleet-artifacts-'));
const CHILD = join(import.meta.dirname, '../test/put-until-killed.ts');
const JPEG = 'image/jpeg';
afterAll(() => rmSync(root, { recursive: true, force: true }));

describeArtifactsContract('files', {
  open: () => openFileStore({ directory: join(root, 'contract/nested') }),
  supports: { urls: 'the API serves the files' },
});

describe('the store of files', () => {
  it('loses nothing that was acknowledged to kill -9, and sweeps what it left', async () => {
    const directory = join(root, 'killed');
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [CHILD, directory, '3000000'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = 0;
      for await (const line of createInterface(child.stdout)) {
        acknowledged.push((JSON.parse(line) as { key: string }).key);
        seen += 1;
        if (seen === 5 + round) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    const store = await openFileStore({ directory });
    for (const key of acknowledged) {
      const { bytes } = await store.get(key);
      expect(Buffer.compare(bytes, Buffer.alloc(3_000_000, Number.parseInt(key, 10) % 251))).toBe(0);
    }
    expect(readdirSync(directory).filter((name) => name.includes('partial'))).toEqual([]);
    await store.close();
  });

  it('sweeps what a dead process left and what is an hour old, not what a living one writes', async () => {
    const directory = join(root, 'swept');
    await (await openFileStore({ directory })).close();
    const leave = (name: string) => writeFileSync(join(directory, name), 'x');
    const uuid = '0198c0de-0000-7000-8000-000000000000';
    const living = `.other-machine_1_${uuid}.partial`;
    const old = `.other-machine_2_${uuid}.partial`;
    const deadPid = spawnSync(process.execPath, ['-e', '']).pid;
    const dead = partialName(uuid).replace(`_${process.pid}_`, `_${deadPid}_`);
    const mine = partialName(uuid);
    [living, old, dead, mine, '.keep'].forEach(leave);
    const longAgo = new Date(Date.now() - 7_200_000);
    utimesSync(join(directory, old), longAgo, longAgo);
    await (await openFileStore({ directory })).close();
    expect(readdirSync(directory).sort()).toEqual(['.keep', living, mine].sort());
  });

  const tmpfs = join(root, 'full');
  const mounts = spawnSync('unshare', [
    '-Urm',
    'sh',
    '-c',
    `mkdir -p ${tmpfs} && mount -t tmpfs -o size=64k none ${tmpfs}`,
  ]);
  const itWithMounts = mounts.status === 0 ? it : it.skip;
  itWithMounts(
    `says that the disk is full and leaves nothing (needs unshare and mount${mounts.status === 0 ? '' : '; not here'})`,
    () => {
      const script = `mount -t tmpfs -o size=192k none "$1" && "$2" "$3" "$1" 100000 3; ls -A "$1"`;
      const { stdout } = spawnSync(
        'unshare',
        ['-Urm', 'sh', '-c', script, 'sh', tmpfs, process.execPath, CHILD],
        {
          encoding: 'utf8',
        },
      );
      const lines = stdout.trim().split('\n');
      expect(JSON.parse(lines[0] ?? '')).toEqual({ key: '0.jpg' });
      const refused = JSON.parse(lines[1] ?? '') as Record<string, unknown>;
      expect(refused).toMatchObject({ key: '1.jpg', code: 'artifacts_failed', retryable: true });
      expect(refused['message']).toMatch(/disk is full/);
      expect(lines.slice(3)).toEqual(['0.jpg']);
    },
  );

  it('says that a file grew too large and leaves nothing', () => {
    const directory = join(root, 'limited');
    // 64 blocks of 512 or 1024 bytes, by shell; half of the picture was written when the limit is met
    const script = 'ulimit -f 64; "$1" "$2" "$3" 200000 1';
    const { stdout } = spawnSync('sh', ['-c', script, 'sh', process.execPath, CHILD, directory], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toMatchObject({ code: 'artifacts_failed', retryable: true });
    expect(stdout).toMatch(/larger than this process may write/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says that the folder is gone, in health too, and works again once it is back', async () => {
    const directory = join(root, 'gone');
    const store = await openFileStore({ directory });
    rmSync(directory, { recursive: true });
    const refused = { code: 'artifacts_failed', message: expect.stringMatching(/folder is gone/) };
    await expect(store.put('a.jpg', Buffer.from('x'), JPEG)).rejects.toMatchObject(refused);
    await expect(store.health()).rejects.toMatchObject(refused);
    await (await openFileStore({ directory })).close();
    await store.put('a.jpg', Buffer.from('x'), JPEG);
    expect(readFileSync(join(directory, 'a.jpg'), 'utf8')).toBe('x');
  });

  it('does not open on a path that is no folder', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    await expect(openFileStore({ directory: file })).rejects.toMatchObject({ code: 'artifacts_failed' });
    expect(existsSync(file)).toBe(true);
  });
});
