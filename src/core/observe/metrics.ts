/**
 * The registry of metrics: tables of rows whose `collect` reads plain numbers when Prometheus asks.
 *
 * Nothing is stored here, so counting on a hot path is `counters.hits++` and costs what that costs.
 * Invariants: a metric name is added once; a sample has exactly the labels its row names; a `collect`
 * that throws spoils the whole answer and is a bug, so it is not caught here.
 */
import type { Histogram } from './histogram.ts';
import { assertLabelNames, assertMetricName } from './names.ts';
import { writeHistogram, writeSample } from './prometheus-text.ts';

interface MetricBase {
  /** Full name with unit: `plinth_kv_commands_total`, `plinth_kv_memory_bytes`. */
  readonly name: string;
  /** One sentence for people who read a dashboard. */
  readonly help: string;
  /** Label names, in the order in which `collect` gives their values. */
  readonly labels?: readonly string[];
}

/** One number per set of labels. */
export interface ScalarMetric extends MetricBase {
  readonly type: 'counter' | 'gauge';
  collect(emit: (value: number, ...labels: string[]) => void): void;
}

/**
 * One histogram per set of labels. A name ending in `_seconds` means a histogram kept in milliseconds,
 * scaled when written; one ending in `_bytes` is written as it is.
 */
export interface HistogramMetric extends MetricBase {
  readonly type: 'histogram';
  collect(emit: (value: Histogram, ...labels: string[]) => void): void;
}

export type MetricSpec = ScalarMetric | HistogramMetric;

export interface Metrics {
  /** Add a table of metrics; throws when a name is taken or breaks the naming rules. */
  add(table: readonly MetricSpec[]): void;
  /** Take a table back, when its system has stopped. */
  remove(table: readonly MetricSpec[]): void;
  /** All rows added so far, for documentation. */
  rows(): readonly MetricSpec[];
  /** Everything in the Prometheus text format, version 0.0.4. */
  text(): string;
}

/** The media type of `Metrics.text()`. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function createMetrics(): Metrics {
  const byName = new Map<string, MetricSpec>();
  return {
    add(table) {
      for (const row of table) {
        assertMetricName(row.name, row.type);
        assertLabelNames(row.name, row.labels ?? []);
        if (byName.has(row.name)) throw new Error(`metric ${row.name} was added twice`);
        byName.set(row.name, row);
      }
    },
    remove(table) {
      for (const row of table) if (byName.get(row.name) === row) byName.delete(row.name);
    },
    rows: () => [...byName.values()],
    text: () => [...byName.values()].map(metricText).join(''),
  };
}

function metricText(row: MetricSpec): string {
  const labels = row.labels ?? [];
  const lines: string[] = [
    `# HELP ${row.name} ${row.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`,
    `# TYPE ${row.name} ${row.type}\n`,
  ];
  const check = (values: readonly string[]): void => {
    if (values.length !== labels.length) {
      throw new Error(`metric ${row.name} has labels (${labels}), a sample came with (${values})`);
    }
  };
  if (row.type === 'histogram') {
    const scale = row.name.endsWith('_seconds') ? 0.001 : 1;
    row.collect((histogram, ...values) => {
      check(values);
      writeHistogram(lines, row.name, labels, values, histogram, scale);
    });
  } else {
    row.collect((value, ...values) => {
      check(values);
      writeSample(lines, row.name, labels, values, value);
    });
  }
  return lines.join('');
}
