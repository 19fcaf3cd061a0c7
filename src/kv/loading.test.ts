import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../core/observe/index.ts';
import { createNodeClock } from '../core/runtime/node/index.ts';
import { Loading } from './loading.ts';

test('a long start says every two seconds how far it is, a short one nothing', () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    level: 'info',
    sink: { write: (line) => lines.push(JSON.parse(line)) },
  });
  let nowMs = 1000;
  const clock = { ...createNodeClock(), monotonicMs: () => nowMs };
  const loading = new Loading({ clock, log, keys: () => 7 });
  assert.equal(loading.now, undefined);
  loading.tell({ doneBytes: 10, totalBytes: 40 });
  assert.deepEqual(loading.now, { percent: 25 });
  assert.deepEqual(lines, []);
  nowMs = 3100;
  loading.tell({ doneBytes: 50, totalBytes: 100 });
  loading.tell({ doneBytes: 60, totalBytes: 100 });
  nowMs = 5200;
  loading.tell({ doneBytes: 120, totalBytes: 100 });
  assert.deepEqual(
    lines.map(({ percent, doneBytes, keys }) => [percent, doneBytes, keys]),
    [
      [50, 50, 7],
      [100, 120, 7],
    ],
  );
});
