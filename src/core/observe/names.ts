/**
 * The rules for names of metrics, labels and ending reasons, checked once when a table is added.
 * They are Prometheus' own (https://prometheus.io/docs/practices/naming/) plus the house's: an own metric
 * begins with `plinth_`, and a catch-all is not a name.
 */

const METRIC = /^(plinth|process|nodejs)_[a-z][a-z0-9_]*$/;
const LABEL = /^[a-z][a-z0-9_]*$/;
const REASON = /^[a-z][a-z0-9-]*$/;
/** Reasons that say nothing; a session that ended so could not be explained to anybody. */
const CATCH_ALL = new Set(['other', 'unknown', 'misc', 'error', 'default', 'none']);

/** Throw when the name breaks the rules for its type. These are errors of our own tables, met at start. */
export function assertMetricName(name: string, type: 'counter' | 'gauge' | 'histogram'): void {
  if (!METRIC.test(name)) {
    throw new Error(`metric ${name}: a name is plinth_ and lower-case words joined by _`);
  }
  if ((type === 'counter') !== name.endsWith('_total')) {
    throw new Error(`metric ${name}: counters, and they alone, end in _total`);
  }
  if (type === 'histogram' && !/_(seconds|bytes)$/.test(name)) {
    throw new Error(`metric ${name}: a histogram ends in its unit, _seconds or _bytes`);
  }
}

export function assertLabelNames(metric: string, labels: readonly string[]): void {
  for (const label of labels) {
    if (!LABEL.test(label) || label === 'le') {
      throw new Error(`metric ${metric}: ${label} cannot be a label`);
    }
  }
}

export function assertReason(reason: string): void {
  if (!REASON.test(reason))
    throw new Error(`ending reason ${reason}: lower-case words joined by -`);
  if (CATCH_ALL.has(reason)) throw new Error(`ending reason ${reason} names no reason`);
}

export function assertAscending(bounds: readonly number[]): void {
  if (bounds.length === 0) throw new Error('a histogram needs at least one bound');
  for (let i = 0; i < bounds.length; i++) {
    const bound = bounds[i]!;
    if (!Number.isFinite(bound) || (i > 0 && bound <= bounds[i - 1]!)) {
      throw new Error(`histogram bounds must be finite and ascend: ${bounds.join(', ')}`);
    }
  }
}
