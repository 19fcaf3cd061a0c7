/**
 * What the file system tells Prometheus. Labels are of our own tables and of folders that are configured, so that
 * no client makes another series.
 */
import { createHistogram, type Histogram, type MetricSpec } from '../core/observe/index.ts';
import type { FileSystem } from './objects/file-system.ts';

/** Calls of a door, by operation and class of their status. */
export class CallCounts {
  readonly byStatus = new Map<
    string,
    { readonly operation: string; readonly status: string; count: number }
  >();
  readonly durations = new Map<string, Histogram>();

  note(operation: string, status: number, ms: number): void {
    const family = `${Math.floor(status / 100)}xx`;
    const key = `${operation} ${family}`;
    const row = this.byStatus.get(key);
    if (row === undefined) this.byStatus.set(key, { operation, status: family, count: 1 });
    else row.count++;
    let histogram = this.durations.get(operation);
    if (histogram === undefined) {
      histogram = createHistogram();
      this.durations.set(operation, histogram);
    }
    histogram.record(ms);
  }
}

/** @param system undefined until it has started. */
export function filesMetrics(
  calls: { readonly s3: CallCounts; readonly webhdfs: CallCounts },
  system: () => FileSystem | undefined,
): readonly MetricSpec[] {
  const gauge = (name: string, help: string, read: (files: FileSystem) => number): MetricSpec => ({
    name,
    help,
    type: 'gauge',
    collect: (emit) => {
      const files = system();
      if (files !== undefined) emit(read(files));
    },
  });
  return [
    ...doorMetrics('s3', 'S3', calls.s3),
    ...doorMetrics('webhdfs', 'WebHDFS', calls.webhdfs),
    gauge('plinth_files_files', 'Files that can be seen.', (files) => files.total.files),
    gauge('plinth_files_directories', 'Directories.', (files) => files.total.directories),
    gauge('plinth_files_size_bytes', 'Bytes of all files.', (files) => files.total.bytes),
    gauge(
      'plinth_files_pending_changes',
      'Records that wait for the journal of the namespace.',
      (files) => files.namespace.pendingChanges,
    ),
    gauge(
      'plinth_files_damaged_blocks',
      'Blocks found damaged since the start, and neither deleted nor read whole since.',
      (files) => files.damaged.size,
    ),
    gauge(
      'plinth_files_scrubbed_bytes',
      'Bytes that this round of the scrub has looked at.',
      (files) => files.scrub.status.bytes,
    ),
    {
      name: 'plinth_files_disk_free_bytes',
      help: 'Room for blocks, by disk; 0 while it takes no writes.',
      type: 'gauge',
      labels: ['folder'],
      collect: (emit) => {
        for (const { folder, state, freeBytes } of system()?.blocks.status ?? []) {
          emit(state === 'open' ? freeBytes : 0, folder);
        }
      },
    },
  ];
}

function doorMetrics(id: string, name: string, calls: CallCounts): readonly MetricSpec[] {
  return [
    {
      name: `plinth_files_${id}_calls_total`,
      help: `Calls of the ${name} door, by operation and class of their status.`,
      type: 'counter',
      labels: ['operation', 'status'],
      collect: (emit) => {
        for (const { operation, status, count } of calls.byStatus.values()) {
          emit(count, operation, status);
        }
      },
    },
    {
      name: `plinth_files_${id}_call_duration_seconds`,
      help: `Calls of the ${name} door, by how long they took.`,
      type: 'histogram',
      labels: ['operation'],
      collect: (emit) => {
        for (const [operation, histogram] of calls.durations) emit(histogram, operation);
      },
    },
  ];
}
