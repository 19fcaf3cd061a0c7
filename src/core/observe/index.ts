/** The door of core/observe: logs, metrics and ending reasons. Write-only for everyone else. */
export { createEndings, type Endings } from './endings.ts';
export {
  createHistogram,
  Histogram,
  LATENCY_BOUNDS_MS,
  SIZE_BOUNDS_BYTES,
} from './histogram.ts';
export { LINES_BUFFER_BYTES_MAX, type LineFile, openLineFile } from './line-file.ts';
export {
  createLogger,
  LOG_LEVELS,
  type LogFields,
  type Logger,
  type LogLevel,
  type LogSink,
  type RootLogger,
  silentLogger,
} from './logger.ts';
export {
  createMetrics,
  type HistogramMetric,
  METRICS_CONTENT_TYPE,
  type MetricSpec,
  type Metrics,
  type ScalarMetric,
} from './metrics.ts';
export { type OtlpExporter, startOtlpExporter } from './otlp-exporter.ts';
export { loopLoad, processMetrics } from './process-metrics.ts';
