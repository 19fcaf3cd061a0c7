/**
 * Makes a backup's folder of a checkpoint: links what can be linked, copies the rest, sums everything,
 * and describes it last.
 *
 * Tables never change, so one file may stand under many names: in the data folder, in this backup and in
 * the ones before.
 */
import { basename, dirname, join } from 'node:path';
import type { Disk } from '../../core/runtime/index.ts';
import {
  type BackupFile,
  DESCRIPTION,
  type Description,
  ENGINE_FOLDER,
  encodeDescription,
} from './description.ts';
import { BackupError } from './errors.ts';
import { refuseTaken } from './place.ts';
import {
  copyFile,
  type FileSum,
  type OnPiece,
  placeFile,
  removeFolder,
  sumFile,
  tryLink,
} from './transfer.ts';

/** A complete backup that has files which the new one needs too. */
export interface Base {
  readonly folder: string;
  readonly files: ReadonlyMap<string, BackupFile>;
}

export interface AssemblyOptions {
  readonly disk: Disk;
  /** Holds the checkpoint; on the file system of the data. */
  readonly staging: string;
  /** Where the backup is made. Not there yet, but the folder above is. */
  readonly partial: string;
  /** Sums of tables, by file name: those that were read before need not be read again. */
  readonly sums: Map<string, FileSum>;
  /** Asked for only where files can not be linked from the data. */
  base(): Promise<Base | null>;
  /** Some bytes are in place; throws to end the work. */
  onProgress: OnPiece;
  /** Bytes that took no room; bytes that did. */
  onPlaced(how: 'linked' | 'copied', bytes: number): void;
}

/** @throws BackupError, and what the disk says: `partial` is no backup then. */
export async function assemble(
  options: AssemblyOptions,
  about: Omit<Description, 'files'>,
): Promise<void> {
  const { disk, partial, staging, sums } = options;
  const engine = join(partial, ENGINE_FOLDER);
  const names = filesBelow(disk, staging, ENGINE_FOLDER);
  for (const folder of new Set(names.map((name) => dirname(name)))) {
    disk.mkdirSync(join(partial, folder));
  }
  const files: BackupFile[] = [];
  for (const name of names) files.push({ name, ...(await place(options, name)) });
  const tables = new Set(names.map((name) => basename(name)));
  for (const name of sums.keys()) if (!tables.has(name)) sums.delete(name);
  for (const folder of [join(engine, 'manifest'), engine, partial]) {
    await disk.syncDirectory(folder);
  }
  await placeFile(disk, join(partial, DESCRIPTION), encodeDescription({ ...about, files }));
}

/** Gives what was assembled its name. From here on it is a backup. */
export async function publish(disk: Disk, partial: string, target: string): Promise<void> {
  refuseTaken(disk, target);
  await removeFolder(disk, target);
  await disk.rename(partial, target);
  await disk.syncDirectory(dirname(target));
}

function filesBelow(disk: Disk, root: string, folder: string): string[] {
  return disk.listSync(join(root, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    return disk.statSync(join(root, path))?.isDirectory === true
      ? filesBelow(disk, root, path)
      : [path];
  });
}

/** Brings one file to its place. */
async function place(options: AssemblyOptions, name: string): Promise<FileSum> {
  const { disk, staging, partial, sums, onProgress, onPlaced } = options;
  const from = join(staging, name);
  const to = join(partial, name);
  const isTable = name.endsWith('.tbl');
  const known = isTable ? sums.get(basename(name)) : undefined;
  const keep = (sum: FileSum): FileSum => {
    if (isTable) sums.set(basename(name), sum);
    return sum;
  };
  if (await tryLink(disk, from, to)) {
    const sum = known ?? keep(await sumFile(disk, from, onProgress));
    if (known !== undefined) onProgress(known.bytes);
    onPlaced('linked', sum.bytes);
    return sum;
  }
  const base = isTable ? await options.base() : null;
  const older = base?.files.get(name);
  if (base !== null && older !== undefined) {
    const sum = known ?? keep(await sumFile(disk, from, () => onProgress(0)));
    const same = older.bytes === sum.bytes && older.crc32 === sum.crc32;
    if (same && (await tryLink(disk, join(base.folder, name), to))) {
      onProgress(sum.bytes);
      onPlaced('linked', sum.bytes);
      return sum;
    }
  }
  const sum = keep(await copyFile(disk, from, to, onProgress));
  if (known !== undefined && known.crc32 !== sum.crc32) {
    throw new BackupError('damaged', `${from} (it is not what it was)`);
  }
  onPlaced('copied', sum.bytes);
  return sum;
}
