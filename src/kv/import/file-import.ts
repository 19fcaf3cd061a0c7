/**
 * Fills a store from an RDB file, read once, in chunks; and compares the two by reading it again.
 */
import type { Clock, Disk, DiskFile, Network } from '../../core/runtime/index.ts';
import { errorCode } from '../../core/runtime/index.ts';
import { isFault } from '../../core/wire/index.ts';
import { type RdbFileSink, readRdbFile } from '../rdb/index.ts';
import { type ComparisonReport, ComparisonTally, type Difference } from './comparison.ts';
import { ImportError } from './errors.ts';
import { FileDigests, type FileKey } from './file-digests.ts';
import { ImportTarget } from './import-target.ts';
import { snapshotError } from './live-import.ts';
import { type Endpoint, openPipe, type RespPipe } from './resp-pipe.ts';
import { SnapshotFeeder } from './snapshot-feeder.ts';
import { digestOf } from './value-digest.ts';

const CHUNK_BYTES = 64 * 1024;

export interface FileImportOptions {
  readonly dial: Network['dial'];
  readonly disk: Disk;
  readonly clock: Clock;
  readonly path: string;
  readonly target: Endpoint;
  readonly replace: boolean;
  /** Compare afterwards. */
  readonly verify: boolean;
  /** Called after each chunk. */
  readonly onProgress?: (done: FileProgress) => void;
}

export interface FileProgress {
  readonly phase: 'snapshot' | 'comparing';
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly keys: number;
}

export interface FileImportResult {
  readonly bytes: number;
  readonly keys: number;
  readonly functions: number;
  readonly rdbVersion: number;
  /** Null: none was asked for. */
  readonly comparison: ComparisonReport | null;
}

/** @throws ImportError */
export async function importFile(options: FileImportOptions): Promise<FileImportResult> {
  const { dial, target: endpoint, replace, verify } = options;
  const file = openFile(options);
  try {
    const target = await ImportTarget.open({ dial, endpoint, replace });
    try {
      const feeder = new SnapshotFeeder(target.give, { replace });
      const failure = new Promise<never>((_, reject) => {
        target.onFailed = reject;
      });
      failure.catch(() => {});
      const room = () => Promise.race([target.pipe.room(), failure]);
      const keys = (): number => feeder.keys;
      await readWhole(options, file, { phase: 'snapshot', sink: feeder, afterChunk: room, keys });
      await Promise.race([target.pipe.settled(), failure]);
      await target.finish();
      const comparison = verify ? await compareFile(options, file) : null;
      const { keys: count, functions, rdbVersion } = feeder;
      return { bytes: file.sizeSync(), keys: count, functions, rdbVersion, comparison };
    } finally {
      target.close();
    }
  } finally {
    file.closeSync();
  }
}

/** Compares what the file says with what the target holds. Only keys of the file are looked at. */
async function compareFile(options: FileImportOptions, file: DiskFile): Promise<ComparisonReport> {
  const { dial, target: endpoint } = options;
  const pipe = await openPipe({ dial, endpoint, lostCode: 'target-lost' });
  const digests = new FileDigests();
  const perDatabase = new Map<number, Row>();
  let compared = 0;
  const afterChunk = async (): Promise<void> => {
    for (const { db, keys } of digests.takeKeys()) {
      let row = perDatabase.get(db);
      if (row === undefined) {
        row = { compared: 0, found: 0, differing: [] };
        perDatabase.set(db, row);
      }
      compared += keys.length;
      await compareKeys({ options, pipe, db, keys, row });
    }
  };
  try {
    const keys = (): number => compared;
    await readWhole(options, file, { phase: 'comparing', sink: digests, afterChunk, keys });
    const tally = new ComparisonTally();
    for (const [db, { compared: alive, found, differing }] of perDatabase) {
      tally.database({ db, sourceKeys: alive, targetKeys: found, compared: alive }, differing);
    }
    return tally.report();
  } finally {
    pipe.close();
  }
}

/** What was found in one database: keys that are still to be there, and those that are. */
interface Row {
  compared: number;
  found: number;
  readonly differing: Difference[];
}

interface Batch {
  readonly options: FileImportOptions;
  readonly pipe: RespPipe;
  readonly db: number;
  readonly keys: readonly FileKey[];
  readonly row: Row;
}

async function compareKeys({ options, pipe, db, keys, row }: Batch): Promise<void> {
  await pipe.must('target-refused', 'SELECT', db);
  const views = await Promise.all(
    keys.map(async ({ key }) => {
      const dump = pipe.ask('DUMP', key).then((payload) => ({
        digest: Buffer.isBuffer(payload) ? digestOf(payload) : null,
        isUnreadable: isFault(payload),
      }));
      const [view, expiry] = await Promise.all([dump, pipe.ask('PEXPIRETIME', key)]);
      return { ...view, expiry };
    }),
  );
  const nowMs = options.clock.wallMs();
  for (const [i, { key, digest, expireAtMs }] of keys.entries()) {
    const view = views[i];
    // Keys that ended meanwhile are nowhere any more.
    if (view === undefined || (expireAtMs !== null && expireAtMs <= nowMs)) continue;
    row.compared++;
    if (view.digest !== null) row.found++;
    if (view.isUnreadable) row.differing.push({ db, key, kind: 'unreadable' });
    else if (view.digest === null) row.differing.push({ db, key, kind: 'only-at-source' });
    else if (view.digest !== digest) row.differing.push({ db, key, kind: 'other-value' });
    else if (view.expiry !== (expireAtMs ?? -1)) {
      row.differing.push({ db, key, kind: 'other-expiry' });
    }
  }
}

function openFile({ disk, path }: FileImportOptions): DiskFile {
  try {
    return disk.openSync(path, { mode: 'read' });
  } catch (error) {
    throw new ImportError('file-unreadable', `${path}: ${errorCode(error)}`, error);
  }
}

interface Reading {
  readonly phase: FileProgress['phase'];
  readonly sink: RdbFileSink;
  afterChunk(): Promise<void>;
  keys(): number;
}

/** Reads the file from its start to its end. @throws ImportError */
async function readWhole(
  { path, onProgress }: FileImportOptions,
  file: DiskFile,
  { phase, sink, afterChunk, keys }: Reading,
): Promise<void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const totalBytes = file.sizeSync();
  let doneBytes = 0;
  const pull = async (): Promise<Buffer | null> => {
    await afterChunk();
    onProgress?.({ phase, doneBytes, totalBytes, keys: keys() });
    const count = await readSome(file, chunk, doneBytes);
    doneBytes += count;
    return count === 0 ? null : chunk.subarray(0, count);
  };
  const result = await readRdbFile(pull, sink);
  await afterChunk();
  if (result.status === 'ok') return;
  const error = snapshotError(result);
  throw new ImportError(error.code, `${path}: ${error.message}`, error);
}

function readSome(file: DiskFile, into: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    file.read(into, 0, into.length, position, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(new ImportError('file-unreadable', `${file.path}: ${errorCode(error)}`, error));
    });
  });
}
