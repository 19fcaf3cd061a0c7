/**
 * The token that the admin door takes when the configuration names none: made once, kept in the data folder
 * in a file that only its owner may read. Who may read the data of a process may change its settings.
 */
import { join } from 'node:path';
import { ADMIN_TOKEN_FILE } from './console/config/index.ts';
import { isLoopback } from './console/index.ts';
import type { Disk, Random } from './core/runtime/index.ts';
import { readFileWhole, stageFile } from './core/store/index.ts';

const TOKEN_BYTES = 32;

/** @param folder the data folder. @throws the disk's error. */
export function generatedToken(disk: Disk, random: Random, folder: string): string {
  const path = join(folder, ADMIN_TOKEN_FILE);
  const kept = readFileWhole(disk, path)?.toString('latin1').trim() ?? '';
  if (/^[\w-]{43}$/.test(kept)) return kept;
  const token = random.bytes(TOKEN_BYTES).toString('base64url');
  const staged = stageFile(disk, path, Buffer.from(`${token}\n`), { isPrivate: true });
  staged.replace();
  staged.settle();
  return token;
}

/** A door that other machines reach takes no token that nobody chose to give it. */
export function takesGenerated(host: string): boolean {
  return isLoopback(host);
}
