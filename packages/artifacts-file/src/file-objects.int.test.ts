import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeObjectsContract } from '@genfleet/artifacts/object-contract';
import { openFileObjects } from './file-objects.ts';

const directory = mkdtempSync(join(tmpdir(), 'genfleet-objects-'));

describeObjectsContract('folder', {
  open: () => openFileObjects({ directory: join(directory, 'objects') }),
  destroy: async () => rmSync(directory, { recursive: true, force: true }),
});
