/**
 * The key of SSE-S3 when the configuration names none: made once, kept in the data folder in a file that only its
 * owner may read.
 *
 * Invariant: a file that is there is never replaced, whatever it says: objects may lie encrypted with its key.
 */
import { join } from 'node:path';
import type { Disk, Random } from '../core/runtime/index.ts';
import { readFileWhole, stageFile } from '../core/store/index.ts';

const KEY_FILE = 's3-encryption.key';
const KEY_BYTES = 32;

export interface EncryptionKey {
  /** Base64; undefined: the file is there and says no key. */
  readonly key: string | undefined;
  readonly path: string;
  /** It was made just now. */
  readonly isNew: boolean;
}

/** @param folder the folder of the file system. @throws the disk's error. */
export function generatedEncryptionKey(disk: Disk, random: Random, folder: string): EncryptionKey {
  const path = join(folder, KEY_FILE);
  const kept = readFileWhole(disk, path);
  if (kept !== null) {
    const text = kept.toString('latin1').trim();
    const bytes = Buffer.from(text, 'base64');
    const isKey = bytes.length === KEY_BYTES && bytes.toString('base64') === text;
    return { key: isKey ? text : undefined, path, isNew: false };
  }
  const key = random.bytes(KEY_BYTES).toString('base64');
  const staged = stageFile(disk, path, Buffer.from(`${key}\n`), { isPrivate: true });
  staged.replace();
  staged.settle();
  return { key, path, isNew: true };
}
