/**
 * Writes samples in the Prometheus text exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details).
 */
import type { Histogram } from './histogram.ts';

export function writeSample(
  out: string[],
  name: string,
  labels: readonly string[],
  values: readonly string[],
  value: number,
): void {
  out.push(`${name}${labelText(labels, values)} ${numberText(value)}\n`);
}

/** A histogram as cumulative buckets, sum and count; bounds and sum are multiplied by `scale`. */
export function writeHistogram(
  out: string[],
  name: string,
  labels: readonly string[],
  values: readonly string[],
  histogram: Histogram,
  scale: number,
): void {
  const bucketLabels = [...labels, 'le'];
  let cumulative = 0;
  for (let i = 0; i < histogram.counts.length; i++) {
    cumulative += histogram.counts[i]!;
    const bound = histogram.bounds[i];
    const le = bound === undefined ? '+Inf' : numberText(rounded(bound * scale));
    writeSample(out, `${name}_bucket`, bucketLabels, [...values, le], cumulative);
  }
  writeSample(out, `${name}_sum`, labels, values, rounded(histogram.sum * scale));
  writeSample(out, `${name}_count`, labels, values, cumulative);
}

function labelText(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return '';
  return `{${labels.map((label, i) => `${label}="${escaped(values[i] ?? '')}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

/** Twelve digits: scaling by 0.001 must not turn a bound of 0.025 ms into 0.000025000000000000003 s. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
