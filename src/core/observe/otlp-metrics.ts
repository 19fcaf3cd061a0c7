/**
 * The metrics as one OTLP export request in JSON (OpenTelemetry protocol 1.x, "JSON Protobuf Encoding":
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). Pure.
 *
 * Invariant: the same rows give the same names and labels as the Prometheus text does, so that a dashboard
 * can move from one to the other; values are cumulative from the start of the process.
 */
import type { Histogram } from './histogram.ts';
import type { MetricSpec } from './metrics.ts';

/** AGGREGATION_TEMPORALITY_CUMULATIVE of metrics.proto. */
const CUMULATIVE = 2;

export interface OtlpResource {
  readonly version: string;
  /** Tells processes apart, such as host and process id. */
  readonly instance: string;
}

export interface OtlpTimes {
  /** Start of the process and now, milliseconds since 1970. */
  readonly startMs: number;
  readonly nowMs: number;
}

/** An ExportMetricsServiceRequest, to be sent as JSON. */
export function otlpMetrics(
  rows: readonly MetricSpec[],
  resource: OtlpResource,
  times: OtlpTimes,
): object {
  return {
    resourceMetrics: [
      {
        resource: {
          attributes: attributes(
            ['service.name', 'service.version', 'service.instance.id'],
            ['plinth', resource.version, resource.instance],
          ),
        },
        scopeMetrics: [
          {
            scope: { name: 'plinth', version: resource.version },
            metrics: rows.map((row) => metric(row, times)),
          },
        ],
      },
    ],
  };
}

function metric(row: MetricSpec, times: OtlpTimes): object {
  const about = { name: row.name, description: row.help, unit: unitOf(row.name) };
  const labels = row.labels ?? [];
  const span = { startTimeUnixNano: nanos(times.startMs), timeUnixNano: nanos(times.nowMs) };
  const dataPoints: object[] = [];
  if (row.type === 'histogram') {
    const scale = row.name.endsWith('_seconds') ? 0.001 : 1;
    row.collect((histogram, ...values) =>
      dataPoints.push({
        attributes: attributes(labels, values),
        ...span,
        ...buckets(histogram, scale),
      }),
    );
    return { ...about, histogram: { aggregationTemporality: CUMULATIVE, dataPoints } };
  }
  row.collect((value, ...values) => {
    // JSON has no infinities; a figure that is none says nothing.
    if (Number.isFinite(value)) {
      dataPoints.push({ attributes: attributes(labels, values), ...span, asDouble: value });
    }
  });
  if (row.type === 'gauge') return { ...about, gauge: { dataPoints } };
  return {
    ...about,
    sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints },
  };
}

/** 64-bit numbers are texts in the JSON form of protobuf. */
function buckets({ bounds, counts, sum }: Histogram, scale: number): object {
  const all = [...counts];
  return {
    count: String(all.reduce((total, count) => total + count, 0)),
    sum: scaled(sum, scale),
    bucketCounts: all.map(String),
    explicitBounds: [...bounds].map((bound) => scaled(bound, scale)),
  };
}

/** Twelve digits, as in the Prometheus text. */
function scaled(value: number, scale: number): number {
  return Number((value * scale).toPrecision(12));
}

function attributes(names: readonly string[], values: readonly string[]): object[] {
  return names.map((key, i) => ({ key, value: { stringValue: values[i] ?? '' } }));
}

/** UCUM, as OpenTelemetry has it: the unit stands last in our names, before `_total`. */
function unitOf(name: string): string {
  const stem = name.replace(/_total$/, '');
  if (stem.endsWith('_seconds')) return 's';
  return stem.endsWith('_bytes') ? 'By' : '1';
}

function nanos(ms: number): string {
  return `${Math.round(ms)}000000`;
}
