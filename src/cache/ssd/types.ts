/**
 * What the disk tier takes and gives. The promises stand at the head of index.ts.
 *
 * A hash is 64 bits as two unsigned 32-bit words; `tag` sets records under one hash apart (a hash of the variant);
 * `sequence` is the purge ledger's: a purge with sequence p is about records with a sequence below p.
 */
import type { Clock, Disk, Random } from '../../core/runtime/index.ts';
import type { DiskTierError } from './errors.ts';

export interface DiskTierOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Made when missing. The owner sees to it that no other process uses it (`openDataFolder`). */
  readonly folder: string;
  /** All that the tier may take of the disk; at least `bytesMaxMin` of limits.ts. */
  readonly bytesMax: number;
  /** A multiple of 8; at most an eighth of `bytesMax`. Default: 64 MiB, or what `bytesMax` wants. */
  readonly segmentBytes?: number;
  /** Records at most; 40 bytes of memory each. Default `recordsMaxDefault`. */
  readonly recordsMax?: number;
  /** Bytes given to `put` that wait to be written. Default `queuedBytesMaxDefault`. */
  readonly queuedBytesMax?: number;
  /**
   * Asked before a record that was used is written anew because its segment leaves: what is to be written, or null
   * to let it go. To raise the sequence of a record that no purge names lets purges be forgotten. Default: as it is.
   */
  readonly keep?: (record: RecordFacts) => Kept | null;
  /** The state has changed; with what made it so. */
  readonly onState?: (state: TierState, failure: DiskTierError | null) => void;
  /** Something of the tier's files did not hold and was dropped. */
  readonly onDamage?: (damage: Damage) => void;
}

/** open: all is well. full, failed: the disk took no more or refused; reads go on, writes are tried again. closed. */
export type TierState = 'open' | 'full' | 'failed' | 'closed';

export interface Kept {
  readonly sequence: number;
  readonly meta: Uint8Array;
}

export interface Damage {
  readonly file: string;
  readonly offset: number;
  /** version: the files are of another one, all of them. */
  readonly what: 'segment' | 'footer' | 'record' | 'body' | 'purges' | 'version';
}

/** What is known of a record once its head was read and verified. */
export interface RecordFacts {
  readonly hashLow: number;
  readonly hashHigh: number;
  readonly tag: number;
  readonly sequence: number;
  /** The owner's bytes; the receiver's to keep. */
  readonly meta: Buffer;
  readonly bodyBytes: number;
}

/** A record that was found. It keeps nothing open: its segment may leave before its body is asked for. */
export interface DiskRecord extends RecordFacts {
  /** Rises with each `put`. */
  readonly order: number;
}

/**
 * A record that was read at once, body and all. It is the same object each time and its bytes are overwritten by the
 * next one: valid until `findNow` is called again.
 */
export interface RecordNow {
  readonly sequence: number;
  readonly tag: number;
  /** Where all of it lies: meta from `metaStart`, behind it the body from `bodyStart`. */
  readonly buffer: Buffer;
  readonly metaStart: number;
  readonly bodyStart: number;
  readonly bodyBytes: number;
}

export interface Put {
  readonly hashLow: number;
  readonly hashHigh: number;
  /** A record under the same hash and tag is replaced. */
  readonly tag: number;
  readonly sequence: number;
  readonly meta: Uint8Array;
  /** Pieces of any size. They and `meta` do not change until `done`. */
  readonly body: readonly Uint8Array[];
  /** Once, in a later turn, when the answer was 'queued'. True: it is found from now on. */
  readonly done?: (stored: boolean) => void;
}

/**
 * queued: `done` will tell. busy: too much waits to be written. full: the disk takes nothing now, or the tier is
 * closed. too-large: never.
 */
export type PutAnswer = 'queued' | 'busy' | 'full' | 'too-large';

/** gone: its segment left. damaged: a checksum. io: the disk. */
export type ReadProblem = 'gone' | 'damaged' | 'io' | 'cancelled';

export interface BodySink {
  /** The next verified bytes, at most 256 KiB, the receiver's to keep. False: no more until `resume`. */
  onPiece(piece: Buffer): boolean;
  /** Once, behind the last piece. Null: all that was asked for was given. */
  onEnd(problem: ReadProblem | null): void;
}

export interface BodyReading {
  resume(): void;
  /** Ends it with 'cancelled', unless it has ended. */
  cancel(): void;
}

export interface Purge {
  readonly sequence: number;
  readonly bytes: Buffer;
}

export interface TierStats {
  readonly state: TierState;
  readonly segments: number;
  readonly records: number;
  /** What the tier takes of the disk: files, and room kept for the open segment and the purge log. */
  readonly bytes: number;
  /** Memory of the index. */
  readonly indexBytes: number;
  readonly queuedBytes: number;
  readonly queuedRecords: number;
  readonly purges: number;
  readonly purgeBytes: number;
  /** Reads under way or waiting. */
  readonly reading: number;
  readonly counts: Readonly<TierCounts>;
}

/** Since the tier was opened. */
export interface TierCounts {
  written: number;
  writtenBytes: number;
  /** Lookups that gave a record, and that read and gave none. */
  found: number;
  notFound: number;
  readBytes: number;
  /** Puts that were answered busy, full, too-large. */
  refusedBusy: number;
  refusedFull: number;
  refusedLarge: number;
  /** Puts that were queued and then not stored. */
  lost: number;
  refusedReads: number;
  readErrors: number;
  writeErrors: number;
  /** Records, bodies, footers or segments whose checksum did not hold. */
  damaged: number;
  evictedSegments: number;
  evictedRecords: number;
  reinserted: number;
  /** Readings that were ended because their segment had left and its room was wanted. */
  cutReadings: number;
}
