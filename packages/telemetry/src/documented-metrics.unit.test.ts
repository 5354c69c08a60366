import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');

describe('docs/operations/observability.md', () => {
  it('lists the metrics that there are, and no others', () => {
    const sources = globSync(['packages/*/src/**/*.ts', 'services/*/src/**/*.ts'], { cwd: root });
    const defined = sources.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/\bname: '(genfleet_\w+)'/g)].map(
        ([, name]) => name,
      ),
    );
    const text = readFileSync(join(root, 'docs/operations/observability.md'), 'utf8');
    const listed = [...text.matchAll(/^\| `(genfleet_\w+)`/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual([...new Set(defined)].toSorted());
    expect(listed.length).toBeGreaterThan(5);
  });
});
