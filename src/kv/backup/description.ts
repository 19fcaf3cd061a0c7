/**
 * `backup.json`: what a backup holds (docs/formats/backup.md). It is written last, so a folder without it
 * is no backup.
 *
 * Promise: what is read is what was written, or it is refused; names of files lead nowhere but below
 * the backup.
 */
import { crc32 } from 'node:zlib';
import { BackupError } from './errors.ts';

export const DESCRIPTION = 'backup.json';
/** The engine's folder in a backup. */
export const ENGINE_FOLDER = 'lsm';
const FORMAT = 1;

/** A file of a backup. */
export interface BackupFile {
  /** From the backup's folder, parted by slashes. */
  readonly name: string;
  readonly bytes: number;
  /** CRC-32 (ISO 3309) of all of it. */
  readonly crc32: number;
}

export interface Description {
  /** Unix ms of the state it holds. */
  readonly createdMs: number;
  /** The entry of the log behind which that is. */
  readonly logIndex: number;
  /** Databases that have keys. */
  readonly databases: readonly { readonly index: number; readonly keys: number }[];
  readonly files: readonly BackupFile[];
}

export function keysOf({ databases }: Pick<Description, 'databases'>): number {
  return databases.reduce((sum, { keys }) => sum + keys, 0);
}

export function bytesOf({ files }: Pick<Description, 'files'>): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function encodeDescription(description: Description): Buffer {
  const { createdMs, logIndex, databases, files } = description;
  const body = {
    format: FORMAT,
    created: new Date(createdMs).toISOString(),
    logIndex,
    databases: databases.map(({ index, keys }) => ({ index, keys })),
    files: files.map((file) => ({ ...file, crc32: hex(file.crc32) })),
  };
  const text = JSON.stringify({ ...body, checksum: checksumOf(body) }, null, 1);
  return Buffer.from(`${text}\n`);
}

/** @throws BackupError 'damaged', 'version', naming `path`. */
export function decodeDescription(bytes: Buffer, path: string): Description {
  const refuse = (detail: string) => new BackupError('damaged', `${path} (${detail})`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    throw new BackupError('damaged', `${path} (it is no JSON)`, error);
  }
  if (!isObject(value)) throw refuse('it is no object');
  const { checksum, ...body } = value;
  if (typeof body.format === 'number' && body.format > FORMAT) {
    throw new BackupError('version', `${path} (format ${body.format}, known is ${FORMAT})`);
  }
  if (checksum !== checksumOf(body)) throw refuse('its checksum does not hold');
  const { created, logIndex, databases, files } = body;
  const createdMs = Date.parse(String(created));
  if (Number.isNaN(createdMs) || !isCount(logIndex)) throw refuse('its moment is not told');
  if (!Array.isArray(databases) || !Array.isArray(files)) throw refuse('a list is missing');
  return {
    createdMs,
    logIndex,
    databases: databases.map((row: unknown) => {
      if (!isObject(row) || !isCount(row.index) || !isCount(row.keys)) {
        throw refuse('a database is not told rightly');
      }
      return { index: row.index, keys: row.keys };
    }),
    files: files.map((row: unknown) => fileOf(row) ?? raise(refuse('a file is not told rightly'))),
  };
}

/** Where files of an engine stand in a backup; nothing else is copied anywhere. */
const FILE_NAME = /^lsm\/(manifest\/)?[\w-]+(\.[\w-]+)*$/;

function fileOf(row: unknown): BackupFile | undefined {
  if (!isObject(row) || !isCount(row.bytes)) return undefined;
  const { name, bytes, crc32: sum } = row;
  if (typeof name !== 'string' || !FILE_NAME.test(name)) return undefined;
  if (typeof sum !== 'string' || !/^[\da-f]{8}$/.test(sum)) return undefined;
  return { name, bytes, crc32: Number.parseInt(sum, 16) };
}

function checksumOf(body: object): string {
  return hex(crc32(JSON.stringify(body)));
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function raise(error: Error): never {
  throw error;
}
