import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionEndings } from '../core/downstream/index.ts';
import { createMetrics } from '../core/observe/index.ts';
import { kvMetrics } from './metrics.ts';
import { createTestStore } from './testing/harness.ts';

test('the metrics tell of commands, keys, clients and endings', () => {
  const kv = createTestStore({ settings: { maxmemory: 12345678 } });
  const endings = connectionEndings('plinth_kv_connections_ended_total');
  const metrics = createMetrics();
  metrics.add(kvMetrics(kv.engine, endings));
  kv.run('SET', 'a', '1', 'EX', 100);
  kv.run('GET', 'a');
  kv.run('GET', 'x');
  kv.run('LPUSH', 'a', '1');
  endings.count('killed');
  const lines = new Set(metrics.text().split('\n'));
  for (const line of [
    'plinth_kv_command_duration_seconds_count{command="get"} 2',
    'plinth_kv_command_errors_total{command="lpush",kind="failed"} 1',
    'plinth_kv_error_replies_total{code="WRONGTYPE"} 1',
    'plinth_kv_requests_total 4',
    'plinth_kv_clients{state="connected"} 1',
    'plinth_kv_connections_ended_total{reason="killed"} 1',
    'plinth_kv_keys{db="0"} 1',
    'plinth_kv_expiring_keys{db="0"} 1',
    'plinth_kv_lookups_total{result="hit"} 1',
    'plinth_kv_lookups_total{result="miss"} 1',
    'plinth_kv_memory_limit_bytes 12345678',
  ]) {
    assert.ok(lines.has(line), line);
  }
});

test('hot keys that are one when cut short are one series', () => {
  const kv = createTestStore();
  const metrics = createMetrics();
  metrics.add(kvMetrics(kv.engine, connectionEndings('plinth_kv_connections_ended_total')));
  const long = 'k'.repeat(200);
  for (let i = 0; i < 2000; i++) kv.run('GET', `${long}${i % 2}`);
  const series = metrics.text().match(/^plinth_kv_hot_key_uses\{.*$/gm) ?? [];
  assert.equal(series.length, 1);
});
