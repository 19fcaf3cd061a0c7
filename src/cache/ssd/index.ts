/**
 * The disk tier of the cache: records on a disk, found by hash. It knows nothing of HTTP: `meta` and `body` are the
 * owner's bytes.
 *
 *     const tier = await DiskTier.open({ disk, clock, random, folder, bytesMax });
 *     tier.hashSeeds, tier.sequenceMax, tier.purges()        // at the start: what the owner's hash and ledger begin with
 *     tier.put({ hashLow, hashHigh, tag, sequence, meta, body, done })      // 'queued' | 'busy' | 'full' | 'too-large'
 *     tier.has(hashLow, hashHigh)                            // from memory
 *     const record = await tier.find(hashLow, hashHigh, (record) => isMine(record.meta));
 *     tier.readBody(record, { from: 0, to: record.bodyBytes }, { onPiece, onEnd });
 *     const now = tier.findNow(hashLow, hashHigh, wanted); // a small record at once, from the page cache; then usedNow
 *     tier.remove(hashLow, hashHigh, tag?); await tier.appendPurge(sequence, bytes); await tier.flush(); await tier.close();
 *
 * Promises:
 *  - What is given is what was put, byte for byte, or nothing is: every piece is verified before it is given, and a
 *    crash at any moment leaves no record that is whole in the index and torn on the disk.
 *  - Under a hash and tag there is at most one record, the newest whole one.
 *  - `put` never waits: the queue is bounded, and what does not fit is refused at once. Admission is the owner's.
 *  - Files, with all that may still be written to them, never take more than `bytesMax`.
 *  - Whole segments leave, oldest first; what was used since is written anew, up to a quarter of a segment.
 *  - A purge is durable when `appendPurge` resolves, and `purges()` of the next start has it as long as any record
 *    there has a sequence below its own. The owner puts nothing that a purge names; what it removes (`remove`) may
 *    come back after a crash.
 *  - On a full or failing disk `put` answers 'full', reads go on, and writes go on when the disk takes bytes.
 */
export { DiskTier } from './disk-tier.ts';
export { DiskTierError, type DiskTierErrorCode, diskTierErrorTable } from './errors.ts';
export { bytesMaxMin, metaBytesMax, recordsMaxDefault, segmentBytesDefault } from './limits.ts';
export type { HashSeeds } from './purge-frames.ts';
export { segmentBytesFor } from './settings.ts';
export type {
  BodyReading,
  BodySink,
  Damage,
  DiskRecord,
  DiskTierOptions,
  Kept,
  Purge,
  Put,
  PutAnswer,
  ReadProblem,
  RecordFacts,
  RecordNow,
  TierCounts,
  TierState,
  TierStats,
} from './types.ts';
