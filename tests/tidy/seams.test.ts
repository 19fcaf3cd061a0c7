import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenSeams, exceptions } from './seams.ts';
import { sourceFiles } from './tree.ts';

test('only core/runtime/node touches time, chance, disk, network and processes', () => {
  assert.deepEqual(brokenSeams(sourceFiles()), []);
});

test('every exception is needed: its path exists', () => {
  const paths = sourceFiles().map(({ path }) => path);
  for (const { path } of exceptions)
    assert.ok(
      paths.some((each) => each.startsWith(path)),
      path,
    );
});

test('canary: each kind of touch is seen, and what is pure is not', () => {
  const seen = (text: string, path = 'src/kv/a.ts') => brokenSeams([{ path, text }]).length;
  for (const text of [
    "import { readFileSync } from 'node:fs';",
    "import net from 'node:net';",
    "const { spawn } = await import('node:child_process');",
    "import { createHash, randomBytes } from 'node:crypto';",
    "import crypto from 'node:crypto';",
    'const now = Date.now();',
    'const today = new Date();',
    'const dice = Math.random();',
    'setTimeout(run, 5);',
    'performance.now()',
  ]) {
    assert.equal(seen(text), 1, text);
    assert.equal(seen(text, 'src/core/runtime/node/a.ts'), 0, text);
    assert.equal(seen(text, 'src/kv/a.test.ts'), 0, text);
  }
  assert.equal(seen("import { createHash, timingSafeEqual } from 'node:crypto';"), 0);
  assert.equal(seen(' * Date.now() is not used here'), 0);
  assert.equal(seen('const then = new Date(seconds * 1000);'), 0);
});
