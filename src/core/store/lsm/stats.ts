/**
 * What the engine counts; read by metrics and `status`. Bytes and counts since the start unless said.
 */
export interface LsmStats {
  lookups: number;
  /** Lookups that had to ask the disk. */
  coldLookups: number;
  blockHits: number;
  blockMisses: number;
  /** Times a filter said no, and times it said yes to a table without the key. */
  filterNegatives: number;
  filterFalsePositives: number;
  batches: number;
  /** Bytes of batches given by the owner. */
  batchBytes: number;
  flushes: number;
  flushedBytes: number;
  compactions: number;
  compactionReadBytes: number;
  compactionWrittenBytes: number;
  /** Batches acknowledged late, and by how long together. */
  stalls: number;
  stallMs: number;
  /** Now. */
  memtableBytes: number;
  tableBytes: number;
  tables: number;
  cacheBytes: number;
  /** Indexes and filters held in memory, now. */
  indexBytes: number;
  snapshots: number;
  /** Bytes that compaction is behind, now. */
  debtBytes: number;
}

export function createLsmStats(): LsmStats {
  return {
    lookups: 0,
    coldLookups: 0,
    blockHits: 0,
    blockMisses: 0,
    filterNegatives: 0,
    filterFalsePositives: 0,
    batches: 0,
    batchBytes: 0,
    flushes: 0,
    flushedBytes: 0,
    compactions: 0,
    compactionReadBytes: 0,
    compactionWrittenBytes: 0,
    stalls: 0,
    stallMs: 0,
    memtableBytes: 0,
    tableBytes: 0,
    tables: 0,
    cacheBytes: 0,
    indexBytes: 0,
    snapshots: 0,
    debtBytes: 0,
  };
}
