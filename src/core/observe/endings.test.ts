import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEndings } from './endings.ts';
import { createMetrics } from './metrics.ts';

test('each reason has its own counter, also those never met', () => {
  const endings = createEndings('plinth_kv_sessions_ended_total', 'Sessions ended.', {
    'idle-timeout': 'nothing came for too long',
    killed: 'an operator ended it',
  });
  endings.count('killed');
  endings.count('killed');
  assert.equal(endings.of('killed'), 2);
  assert.equal(endings.sentence('killed'), 'an operator ended it');
  const metrics = createMetrics();
  metrics.add([endings.metric]);
  assert.match(metrics.text(), /reason="idle-timeout"} 0\n.*reason="killed"} 2\n/);
});

test('a catch-all is not a reason', () => {
  for (const reason of ['other', 'unknown', 'misc']) {
    assert.throws(
      () => createEndings('plinth_kv_sessions_ended_total', 'x', { [reason]: 'x' }),
      /names no reason/,
    );
  }
});
