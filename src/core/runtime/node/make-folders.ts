/**
 * Makes a folder with the folders above it.
 *
 * Node's own `recursive: true` never returns on a file system that answers ENOENT to a mkdir whose parent is
 * there, as /proc does. Here each missing folder is tried once, from the top down.
 */
import fs from 'node:fs';
import { dirname, resolve } from 'node:path';

/** A folder that is there already is left as it is. @throws the error of the system for the first that fails. */
export function makeFolders(path: string, mode: number): void {
  const missing: string[] = [];
  // The root is always there, so this ends.
  for (let at = resolve(path); statOf(at) === undefined; at = dirname(at)) missing.push(at);
  if (missing.length === 0 && statOf(path)?.isDirectory() !== true) fs.mkdirSync(path, { mode });
  for (const folder of missing.toReversed()) makeOne(folder, mode);
}

function makeOne(folder: string, mode: number): void {
  try {
    fs.mkdirSync(folder, { mode });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (statOf(folder)?.isDirectory() !== true) throw error;
  }
}

function statOf(path: string): fs.Stats | undefined {
  return fs.statSync(path, { throwIfNoEntry: false });
}
