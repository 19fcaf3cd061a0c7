/**
 * Counters of one log: plain numbers, read by the metrics at will.
 */
export interface LogStats {
  entries: number;
  payloadBytes: number;
  /** Write calls that succeeded, and the bytes they moved. */
  writes: number;
  writtenBytes: number;
  shortWrites: number;
  syncs: number;
  /** Duration of the last write (under `always`: to durability) and the last sync, microseconds. */
  lastWriteMicros: number;
  lastSyncMicros: number;
  /** How long the oldest unsynced byte has been overdue at the last look, milliseconds; 0: in time. */
  syncLagMs: number;
  rotations: number;
  recycledSegments: number;
  deletedSegments: number;
  segments: number;
  failures: number;
  resumes: number;
}

export function createLogStats(): LogStats {
  return {
    entries: 0,
    payloadBytes: 0,
    writes: 0,
    writtenBytes: 0,
    shortWrites: 0,
    syncs: 0,
    lastWriteMicros: 0,
    lastSyncMicros: 0,
    syncLagMs: 0,
    rotations: 0,
    recycledSegments: 0,
    deletedSegments: 0,
    segments: 0,
    failures: 0,
    resumes: 0,
  };
}
