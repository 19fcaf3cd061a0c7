import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHistogram } from './histogram.ts';
import { createMetrics } from './metrics.ts';
import { processMetrics } from './process-metrics.ts';

test('a counter with labels is written with help, type and escaped label values', () => {
  const metrics = createMetrics();
  let calls = 2;
  metrics.add([
    {
      name: 'plinth_kv_calls_total',
      help: 'Calls,\nby name.',
      type: 'counter',
      labels: ['command', 'result'],
      collect: (emit) => {
        emit(calls, 'get', 'hit');
        emit(1, 'a"b\\c\nd', 'miss');
      },
    },
  ]);
  calls = 3;
  assert.equal(
    metrics.text(),
    [
      '# HELP plinth_kv_calls_total Calls,\\nby name.',
      '# TYPE plinth_kv_calls_total counter',
      'plinth_kv_calls_total{command="get",result="hit"} 3',
      'plinth_kv_calls_total{command="a\\"b\\\\c\\nd",result="miss"} 1',
      '',
    ].join('\n'),
  );
});

test('a histogram kept in milliseconds is written in seconds, cumulative, with +Inf', () => {
  const metrics = createMetrics();
  const histogram = createHistogram([0.025, 1, 250]);
  for (const ms of [0.02, 0.5, 0.5, 900]) histogram.record(ms);
  metrics.add([
    {
      name: 'plinth_kv_command_seconds',
      help: 'Time.',
      type: 'histogram',
      labels: ['command'],
      collect: (emit) => emit(histogram, 'get'),
    },
  ]);
  assert.deepEqual(metrics.text().split('\n').slice(2, -1), [
    'plinth_kv_command_seconds_bucket{command="get",le="0.000025"} 1',
    'plinth_kv_command_seconds_bucket{command="get",le="0.001"} 3',
    'plinth_kv_command_seconds_bucket{command="get",le="0.25"} 3',
    'plinth_kv_command_seconds_bucket{command="get",le="+Inf"} 4',
    'plinth_kv_command_seconds_sum{command="get"} 0.90102',
    'plinth_kv_command_seconds_count{command="get"} 4',
  ]);
});

const gauge = (name: string) =>
  ({ name, help: 'x', type: 'gauge', collect: (emit) => emit(1) }) satisfies Parameters<
    ReturnType<typeof createMetrics>['add']
  >[0][number];

test('names that break the rules, and a name added twice, are refused', () => {
  const metrics = createMetrics();
  assert.throws(() => metrics.add([gauge('kv_keys')]), /plinth_/);
  assert.throws(() => metrics.add([gauge('plinth_kv_calls_total')]), /_total/);
  assert.throws(
    () => metrics.add([{ ...gauge('plinth_kv_calls'), type: 'counter' }]),
    /counters, and they alone, end in _total/,
  );
  assert.throws(() => metrics.add([{ ...gauge('plinth_kv_keys'), labels: ['le'] }]), /label/);
  metrics.add([gauge('plinth_kv_keys')]);
  assert.throws(() => metrics.add([gauge('plinth_kv_keys')]), /twice/);
});

test('a removed table is no longer written and can be added again', () => {
  const metrics = createMetrics();
  const table = [gauge('plinth_kv_keys')];
  metrics.add(table);
  metrics.remove(table);
  assert.equal(metrics.text(), '');
  metrics.add(table);
  assert.match(metrics.text(), /plinth_kv_keys 1\n$/);
});

test('a sample with the wrong number of labels is a bug that shows', () => {
  const metrics = createMetrics();
  metrics.add([{ ...gauge('plinth_kv_keys'), labels: ['db'] }]);
  assert.throws(() => metrics.text(), /labels/);
});

test('the process metrics are accepted by the registry and are finite numbers', () => {
  const metrics = createMetrics();
  const { table, stop } = processMetrics();
  metrics.add(table);
  const samples = metrics.text().match(/^[^#].*$/gm) ?? [];
  stop();
  assert.ok(samples.some((line) => line.startsWith('process_resident_memory_bytes ')));
  for (const line of samples) assert.match(line, / \d+(\.\d+)?(e-?\d+)?$/);
});
