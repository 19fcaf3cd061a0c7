/**
 * The access key of the S3 door when the configuration names none: made once, kept in the data folder in a file
 * that only its owner may read, in the form that a shell can read it in.
 */
import { join } from 'node:path';
import type { Disk, Random } from '../core/runtime/index.ts';
import { readFileWhole, stageFile } from '../core/store/index.ts';

const KEY_FILE = 's3-key.env';
const FORM = /^AWS_ACCESS_KEY_ID=([A-Z0-9]{20})\nAWS_SECRET_ACCESS_KEY=([\w+/-]{40})\n/;
const ID_BYTES = 8;
const SECRET_BYTES = 30;

export interface GeneratedKey {
  readonly id: string;
  readonly secret: string;
  readonly path: string;
  /** It was made just now. */
  readonly isNew: boolean;
}

/** @param folder the folder of the file system. @throws the disk's error. */
export function generatedKey(disk: Disk, random: Random, folder: string): GeneratedKey {
  const path = join(folder, KEY_FILE);
  const kept = FORM.exec(readFileWhole(disk, path)?.toString('latin1') ?? '');
  const [, keptId, keptSecret] = kept ?? [];
  if (keptId !== undefined && keptSecret !== undefined) {
    return { id: keptId, secret: keptSecret, path, isNew: false };
  }
  const id = `PLNT${random.bytes(ID_BYTES).toString('hex').toUpperCase()}`;
  const secret = random.bytes(SECRET_BYTES).toString('base64url');
  const text = `AWS_ACCESS_KEY_ID=${id}\nAWS_SECRET_ACCESS_KEY=${secret}\nexport AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY\n`;
  const staged = stageFile(disk, path, Buffer.from(text), { isPrivate: true });
  staged.replace();
  staged.settle();
  return { id, secret, path, isNew: true };
}
