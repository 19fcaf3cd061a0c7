/**
 * Goes through a whole log and says where it ends and whether it holds: "Where a log ends" of
 * docs/formats/log.md. Reads only.
 */
import { join } from 'node:path';
import { STEP_BYTES, type Steps } from '../../base/index.ts';
import type { Disk, DiskFile } from '../../runtime/index.ts';
import type { LogErrorCode } from './errors.ts';
import { decodeSegmentHeader, headerBytes, nodeIdBytes, type SegmentHeader } from './format.ts';
import { createEntry, FrameScanner } from './scan.ts';
import { type SegmentInfo, segmentNumber, sortNames } from './segment-store.ts';
import type { EntriesAhead, LogEntry } from './types.ts';

export interface WalkOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** Segments of other nodes are refused; undefined: any node, but only one. */
  readonly nodeId: string | undefined;
  readonly from: number;
  readonly visit: ((entry: LogEntry) => void) | undefined;
  readonly ahead?: EntriesAhead | undefined;
}

/** What is wrong with a log, and where a repair would cut it. */
export interface Damage {
  readonly code: LogErrorCode;
  readonly file: string;
  readonly offset: number;
  readonly detail: string;
  /** Place of `file` among the segments. */
  readonly segment: number;
}

export interface Walk {
  readonly segments: SegmentInfo[];
  readonly spares: readonly string[];
  /** All segment files, also those not reached because of damage. */
  readonly files: readonly string[];
  entries: number;
  bytes: number;
  /** Index of the entry to come. */
  nextIndex: number;
  epoch: number;
  /** Highest durable index found in a frame, or implied by a later segment. */
  testifiedIndex: number;
  /** Of the last segment: its end, and where frames begin that no durable index covers. */
  end: number;
  untestifiedFrom: number;
  torn: boolean;
  damage: Damage | null;
}

/** Yields how far it is. @throws the disk's error. Damage is a result, not an error. */
export function* walkLog(options: WalkOptions): Steps<Walk> {
  const { disk, folder } = options;
  const { segments: files, spares } = sortNames(disk.listSync(folder));
  const walk: Walk = {
    segments: [],
    spares,
    files,
    entries: 0,
    bytes: 0,
    nextIndex: 0,
    epoch: 0,
    testifiedIndex: 0,
    end: headerBytes,
    untestifiedFrom: headerBytes,
    torn: false,
    damage: null,
  };
  readHeaders(options, walk);
  // Segments before a damaged header still say how much of the log holds.
  const headerDamage = walk.damage;
  const totalBytes = bytesOf(options, walk.segments);
  for (let nth = 0; nth < walk.segments.length; nth++) {
    const isLast = nth === walk.segments.length - 1 && headerDamage === null;
    const damage = yield* walkSegment(options, walk, { nth, isLast, totalBytes });
    if (damage !== null) {
      walk.damage = damage;
      break;
    }
  }
  return walk;
}

function bytesOf({ disk }: WalkOptions, segments: readonly SegmentInfo[]): number {
  return segments.reduce((sum, { path }) => sum + (disk.statSync(path)?.sizeBytes ?? 0), 0);
}

/** Reads the headers up to the first that cannot be right. */
function readHeaders(options: WalkOptions, walk: Walk): void {
  let { nodeId } = options;
  for (const [segment, name] of walk.files.entries()) {
    const path = join(options.folder, name);
    const header = readHeader(options.disk, path);
    const refusal = refusalOf(header, segmentNumber(name), nodeId);
    if (refusal !== null) walk.damage = { ...refusal, file: path, offset: 0, segment };
    if (refusal !== null || typeof header === 'string') return;
    nodeId ??= header.nodeId;
    walk.segments.push({ path, header });
  }
}

/** What speaks against a header, or null. */
function refusalOf(
  header: SegmentHeader | 'damaged' | 'version',
  number: number,
  nodeId: string | undefined,
): { code: LogErrorCode; detail: string } | null {
  if (header === 'damaged') return { code: 'corrupt', detail: 'the header does not hold' };
  if (header === 'version') return { code: 'version', detail: 'unknown format version' };
  if (header.number !== number) {
    return { code: 'foreign', detail: `the header says segment ${header.number}` };
  }
  if (nodeId !== undefined && header.nodeId !== nodeId) {
    return { code: 'foreign', detail: `written by node ${header.nodeId}, this is ${nodeId}` };
  }
  return null;
}

function readHeader(disk: Disk, path: string): SegmentHeader | 'damaged' | 'version' {
  const file = disk.openSync(path, { mode: 'read' });
  try {
    const block = Buffer.alloc(56 + nodeIdBytes + 32);
    const bytes = file.readSync(block, 0, block.length, 0);
    return decodeSegmentHeader(block.subarray(0, bytes));
  } finally {
    file.closeSync();
  }
}

function* walkSegment(
  options: WalkOptions,
  walk: Walk,
  { nth, isLast, totalBytes }: { nth: number; isLast: boolean; totalBytes: number },
): Steps<Damage | null> {
  const { path, header } = walk.segments[nth]!;
  if (nth === 0) {
    walk.nextIndex = header.firstIndex;
  } else if (header.firstIndex > walk.nextIndex) {
    const lost = `entries ${walk.nextIndex} to ${header.firstIndex - 1} are missing`;
    const file = walk.segments[nth - 1]!.path;
    return { code: 'corrupt', file, offset: walk.end, detail: lost, segment: nth - 1 };
  }
  // A segment begins only when all before it is durable.
  walk.testifiedIndex = Math.max(walk.testifiedIndex, header.firstIndex - 1);
  const file = options.disk.openSync(path, { mode: 'read' });
  try {
    const limit = walk.segments[nth + 1]?.header.firstIndex ?? Number.POSITIVE_INFINITY;
    const detail = yield* walkFrames(options, walk, { file, header, limit, isLast, totalBytes });
    return detail === null
      ? null
      : { code: 'corrupt', file: path, offset: walk.end, detail, segment: nth };
  } finally {
    file.closeSync();
  }
}

interface SegmentWalk {
  readonly file: DiskFile;
  readonly header: SegmentHeader;
  /** First index of the next segment: entries from there on are read there. */
  readonly limit: number;
  readonly isLast: boolean;
  /** Of all segments. */
  readonly totalBytes: number;
}

/** @returns what is wrong at `walk.end`, or null. */
function* walkFrames(options: WalkOptions, walk: Walk, segment: SegmentWalk): Steps<string | null> {
  const scanner = new FrameScanner(segment.file, segment.header.id);
  const entry = createEntry();
  const visit = options.visit ?? (() => {});
  const from = options.visit === undefined ? Number.POSITIVE_INFINITY : options.from;
  const untestified = new OpenFrames();
  walk.end = scanner.position;
  let nextStep = walk.end + STEP_BYTES;
  while (scanner.find() && scanner.frame.firstIndex < segment.limit) {
    const { firstIndex, count, epoch, durableIndex } = scanner.frame;
    if (firstIndex !== walk.nextIndex) {
      return `a frame begins with entry ${firstIndex}, wanted ${walk.nextIndex}`;
    }
    if (epoch < walk.epoch) return `epoch ${epoch} follows epoch ${walk.epoch}`;
    if (scanner.visit(entry, from, visit, options.ahead) < 0)
      return 'entries do not fit into their frame';
    walk.nextIndex += count;
    walk.entries += count;
    walk.epoch = epoch;
    walk.testifiedIndex = Math.max(walk.testifiedIndex, durableIndex);
    untestified.push(scanner.position, walk.nextIndex - 1);
    untestified.settle(walk.testifiedIndex);
    scanner.skip();
    walk.end = scanner.position;
    if (walk.end >= nextStep) {
      nextStep = walk.end + STEP_BYTES;
      yield { doneBytes: walk.bytes + walk.end, totalBytes: segment.totalBytes };
    }
  }
  walk.bytes += walk.end;
  walk.untestifiedFrom = untestified.oldest() ?? walk.end;
  if (!segment.isLast) return null;
  const traces = scanner.traces(walk.nextIndex);
  walk.torn = traces !== 'none';
  return traces === 'witnessed' ? `entry ${walk.nextIndex} was durable and cannot be read` : null;
}

/** Frames that no durable index covers yet, oldest first. */
class OpenFrames {
  #offsets: number[] = [];
  #lastIndexes: number[] = [];
  #head = 0;

  push(offset: number, lastIndex: number): void {
    this.#offsets.push(offset);
    this.#lastIndexes.push(lastIndex);
  }

  settle(index: number): void {
    while (this.#head < this.#offsets.length && this.#lastIndexes[this.#head]! <= index) {
      this.#head++;
    }
    if (this.#head < 1024) return;
    this.#offsets = this.#offsets.slice(this.#head);
    this.#lastIndexes = this.#lastIndexes.slice(this.#head);
    this.#head = 0;
  }

  /** Offset of the oldest. */
  oldest(): number | undefined {
    return this.#offsets[this.#head];
  }
}
