/**
 * What the process itself costs: CPU, memory, and how late the event loop runs. Names are those of the
 * official Prometheus clients, so existing dashboards find them.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { MetricSpec } from './metrics.ts';

/** How often the delay of the event loop is sampled, milliseconds. */
const LAG_RESOLUTION_MS = 20;

/** The rows, and `stop` for the sampler behind them. */
export function processMetrics(): { readonly table: readonly MetricSpec[]; stop(): void } {
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  const startedSeconds = Date.now() / 1000 - process.uptime();
  const table: MetricSpec[] = [
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time used, by mode.',
      type: 'counter',
      labels: ['mode'],
      collect: (emit) => {
        const used = process.cpuUsage();
        emit(used.user / 1e6, 'user');
        emit(used.system / 1e6, 'system');
      },
    },
    {
      name: 'process_start_time_seconds',
      help: 'Start of the process, seconds since 1970.',
      type: 'gauge',
      collect: (emit) => emit(startedSeconds),
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Memory that the process holds in RAM.',
      type: 'gauge',
      collect: (emit) => emit(process.memoryUsage.rss()),
    },
    {
      name: 'nodejs_memory_bytes',
      help: 'Memory of the JavaScript engine, by kind.',
      type: 'gauge',
      labels: ['kind'],
      collect: (emit) => {
        const memory = process.memoryUsage();
        emit(memory.heapUsed, 'heap_used');
        emit(memory.heapTotal, 'heap_total');
        emit(memory.external, 'external');
        emit(memory.arrayBuffers, 'array_buffers');
      },
    },
    {
      name: 'nodejs_eventloop_lag_seconds',
      help: 'How late the event loop ran since the last scrape, by quantile.',
      type: 'gauge',
      labels: ['quantile'],
      collect: (emit) => {
        emit(lagSeconds(lag.percentile(50)), '0.5');
        emit(lagSeconds(lag.percentile(99)), '0.99');
        emit(lagSeconds(lag.max), '1');
        lag.reset();
      },
    },
  ];
  return { table, stop: () => void lag.disable() };
}

/** The sampler counts its own interval in, and reports a maximum of nonsense before the first sample. */
function lagSeconds(nanoseconds: number): number {
  const seconds = nanoseconds / 1e9 - LAG_RESOLUTION_MS / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}

/** Gives a function that says, at each call, which share of the time since the one before the loop was busy. */
export function loopLoad(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
