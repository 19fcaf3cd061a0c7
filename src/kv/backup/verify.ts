/**
 * Reads a backup, or the folder of a store that has stopped, whole and tells everything that does not
 * hold. Changes nothing.
 */
import { join } from 'node:path';
import type { Disk } from '../../core/runtime/index.ts';
import {
  LogError,
  LsmError,
  type LsmFolder,
  type LsmWorker,
  readLsmFolder,
  repairLog,
} from '../../core/store/index.ts';
import { bytesOf, DESCRIPTION, type Description, ENGINE_FOLDER, keysOf } from './description.ts';
import { BackupError } from './errors.ts';
import { readDescription } from './read.ts';
import { sumFile } from './transfer.ts';

/** Something that does not hold. */
export interface Damage {
  readonly file: string;
  /** Null: the file as a whole. */
  readonly offset: number | null;
  readonly detail: string;
}

export interface Verification {
  readonly kind: 'backup' | 'store';
  readonly folder: string;
  /** Unix ms of the state; null where it is not told. */
  readonly createdMs: number | null;
  /** Of a backup; null where it is not told. */
  readonly keys: number | null;
  /** The entry of the log behind which the tables are. */
  readonly logIndex: number;
  readonly tables: number;
  /** In tables; versions that are over count too. */
  readonly entries: number;
  /** Read. */
  readonly bytes: number;
  readonly damage: readonly Damage[];
}

export interface VerifyOptions {
  readonly disk: Disk;
  /** The caller's to close. */
  readonly worker: LsmWorker;
  readonly folder: string;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Every file by its checksum, every block of every table by its own.
 * @throws BackupError where there is no backup to be read: 'no-backup', 'incomplete', 'version', 'io'.
 */
export async function verifyBackup(options: VerifyOptions): Promise<Verification> {
  const { disk, folder, onProgress } = options;
  const damage: Damage[] = [];
  const description = await readDescription(disk, folder).catch((error: unknown) => {
    if (!(error instanceof BackupError) || error.code !== 'damaged') throw error;
    damage.push({ file: join(folder, DESCRIPTION), offset: null, detail: error.message });
    return null;
  });
  const engine = openEngine(disk, join(folder, ENGINE_FOLDER), damage);
  const fileBytes = description === null ? 0 : bytesOf(description);
  const totalBytes = fileBytes + (engine?.bytes ?? 0);
  const blocks = await verifyTables(options, engine, totalBytes);
  damage.push(...blocks.damage);
  if (description !== null) {
    const told = new Set(damage.map(({ file }) => file));
    let doneBytes = blocks.bytes;
    const onPiece = (bytes: number): void => {
      doneBytes += bytes;
      onProgress?.(doneBytes, totalBytes);
    };
    damage.push(...(await verifyFiles(disk, folder, description, told, onPiece)));
    if (engine !== null) damage.push(...contradictions(folder, description, engine));
  }
  return {
    kind: 'backup',
    folder,
    createdMs: description?.createdMs ?? null,
    keys: description === null ? null : keysOf(description),
    logIndex: description?.logIndex ?? engine?.mark ?? 0,
    tables: blocks.tables,
    entries: blocks.entries,
    bytes: fileBytes + blocks.bytes,
    damage,
  };
}

/**
 * The tables and the log of a store that nobody runs: the caller holds the lock of its data folder.
 * @param options.folder of the store, not of all data.
 * @throws BackupError 'no-backup' where there is none; 'version', 'io'.
 */
export async function verifyStore(options: VerifyOptions): Promise<Verification> {
  const { disk, folder, onProgress } = options;
  const tables = join(folder, 'lsm');
  const log = join(folder, 'log');
  if (disk.statSync(tables) === null) throw new BackupError('no-backup', folder);
  const damage: Damage[] = [];
  const engine = openEngine(disk, tables, damage);
  const tableBytes = engine?.bytes ?? 0;
  const names = disk.statSync(log) === null ? [] : disk.listSync(log);
  const logBytes = names.reduce(
    (sum, name) => sum + (disk.statSync(join(log, name))?.sizeBytes ?? 0),
    0,
  );
  const totalBytes = tableBytes + logBytes;
  const blocks = await verifyTables(options, engine, totalBytes);
  damage.push(...blocks.damage);
  if (names.length > 0) {
    try {
      const progress = ({ doneBytes }: { readonly doneBytes: number }): void =>
        onProgress?.(tableBytes + doneBytes, totalBytes);
      const report = repairLog({ disk, folder: log, dryRun: true, progress });
      if (report.damage !== null) damage.push(report.damage);
    } catch (error) {
      damage.push(damageOf(error, log));
    }
  }
  onProgress?.(totalBytes, totalBytes);
  return {
    kind: 'store',
    folder,
    createdMs: null,
    keys: null,
    logIndex: engine?.mark ?? 0,
    tables: blocks.tables,
    entries: blocks.entries,
    bytes: blocks.bytes + logBytes,
    damage,
  };
}

/** Null, and the damage told, when nobody can say which tables there are. */
function openEngine(disk: Disk, folder: string, damage: Damage[]): LsmFolder | null {
  try {
    return readLsmFolder(disk, folder);
  } catch (error) {
    damage.push(damageOf(error, folder));
    return null;
  }
}

async function verifyTables(
  { worker, onProgress }: VerifyOptions,
  engine: LsmFolder | null,
  totalBytes: number,
) {
  if (engine === null) return { tables: 0, entries: 0, bytes: 0, damage: [] };
  const report = await engine.verify(worker, (bytes) => onProgress?.(bytes, totalBytes));
  const { tables, entries, bytes } = report;
  return { tables, entries, bytes, damage: report.damage.map((error) => damageOf(error, '')) };
}

/** @param told files whose damage is known more exactly. */
async function verifyFiles(
  disk: Disk,
  folder: string,
  { files }: Description,
  told: ReadonlySet<string>,
  onPiece: (bytes: number) => void,
): Promise<Damage[]> {
  const damage: Damage[] = [];
  for (const { name, bytes, crc32 } of files) {
    const file = join(folder, name);
    const say = (detail: string): void => {
      if (!told.has(file)) damage.push({ file, offset: null, detail });
    };
    try {
      const sum = await sumFile(disk, file, onPiece);
      if (sum.bytes !== bytes) say(`it has ${sum.bytes} bytes, wanted ${bytes}`);
      else if (sum.crc32 !== crc32) say('the checksum of the file does not hold');
    } catch (error) {
      say(damageOf(error, file).detail);
    }
  }
  return damage;
}

/** What the description says otherwise than the engine. */
function contradictions(folder: string, description: Description, engine: LsmFolder): Damage[] {
  const file = join(folder, DESCRIPTION);
  const listed = new Set(description.files.map(({ name }) => name));
  const missing = engine.tables.filter(({ name }) => !listed.has(`${ENGINE_FOLDER}/${name}`));
  const damage = missing.map(({ name }) => ({ file, offset: null, detail: `it lacks ${name}` }));
  const { mark, exact } = engine;
  if (mark !== description.logIndex || !exact) {
    const detail = `it is as of entry ${description.logIndex}, its tables as of ${mark}`;
    damage.push({ file, offset: null, detail });
  }
  return damage;
}

function damageOf(error: unknown, folder: string): Damage {
  if (error instanceof LsmError || error instanceof LogError) {
    if (error.code === 'version') throw new BackupError('version', folder, error);
    const detail = error instanceof LsmError ? (error.detail ?? error.message) : error.message;
    return { file: error.file ?? folder, offset: error.offset ?? null, detail };
  }
  return {
    file: folder,
    offset: null,
    detail: error instanceof Error ? error.message : String(error),
  };
}
