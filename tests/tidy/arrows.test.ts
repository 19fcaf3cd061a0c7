import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenArrows, ORDER } from './arrows.ts';
import { readText, sourceFiles } from './tree.ts';

test('every import of src obeys the law of arrows', () => {
  assert.deepEqual(brokenArrows(sourceFiles()), []);
});

test('the order is the one that ARCHITECTURE.md states', () => {
  const stated = /Law of arrows.*?: (core\/base.*main)\./.exec(readText('ARCHITECTURE.md'))?.[1];
  assert.equal(stated, ORDER.map((peers) => peers.join(', ')).join(' < '));
});

test('canary: each way to break the law is seen', () => {
  const broken = (path: string, text: string) => brokenArrows([{ path, text }]);
  const cases: [string, string, RegExp][] = [
    ['src/core/base/a.ts', "import { b } from '../wire/index.ts';", /which stands after it/],
    [
      'src/kv/a/b.ts',
      "import {\n  c,\n} from '../../cache/index.ts';",
      /kv imports its peer cache/,
    ],
    ['src/core/observe/a.ts', "export * from '../config/index.ts';", /its peer core\/config/],
    ['src/kv/a.ts', "import type { c } from '../core/base/c.ts';", /not by an index\.ts/],
    ['src/cli/a.ts', "const b = await import('../main.ts');", /cli imports main/],
    ['src/kv/a.ts', "import '../edge/index.ts';", /which stands after it/],
    ['src/kv/a.ts', "import { t } from '../../tests/tidy/tree.ts';", /from outside src/],
    ['src/core/misc/a.ts', '', /has no place/],
  ];
  for (const [path, text, seen] of cases) assert.match(broken(path, text).join(), seen, text);
  for (const [path, text] of [
    ['src/kv/a/b.ts', "import { c } from '../lua/vm.ts';"],
    ['src/kv/a.ts', "import { c } from '../core/base/index.ts';"],
    ['src/main.ts', "import { c } from '../src/core/runtime/node/index.ts';"],
    ['src/kv/a.test.ts', "import { c } from '../main.ts';"],
    ['src/kv/a.ts', " * import { c } from '../main.ts';"],
  ] as const) {
    assert.deepEqual(broken(path, text), [], text);
  }
});
