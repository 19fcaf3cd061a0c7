#!/usr/bin/env node
/**
 * The program's first file. It has the compiled form of all others kept from one start to the next (in a folder of the
 * user's own below the system's temporary one, or where NODE_COMPILE_CACHE says): a start then takes a third of the time.
 *
 * A process that serves bounds what can be bounded only when a process starts, so it begins once more, as the same one.
 *
 * - The part of the heap that objects are born in: Node lets it grow to 64 MiB, and what dies in it has as much outside;
 *   4 MiB serve as fast.
 * - What glibc's malloc keeps between its pieces: large ones go back to the system as soon as they are free (those of
 *   less than 1 MiB not: mapped anew each time, they cost large objects a tenth).
 * - The compiler of TypeScript, 13 MiB in each thread that meets a module which is not kept. Threads look among the kept
 *   ones only where the environment says so, and for this file that has been too late.
 *
 * The first two are worth a quarter of the memory with 150,000 files of 1 KiB made and 60,000 overwritten; the processor
 * time of a request is the same.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const NEWBORN_OPTION = '--max-semi-space-size';
/** MiB of one of the two halves. */
const NEWBORN_MIB = 4;
/** Bytes, see mallopt(3): pieces from here on are mapped by themselves; free memory at the end that is kept. */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_TRIM_THRESHOLD_: '4194304' };

const kept = keepCompiled();
if (process.argv[2] === 'up') startBounded(kept);
await import('./process.ts');

/** Gives the folder; undefined: nothing is kept. */
function keepCompiled(): string | undefined {
  // Node's own choice is a folder that all users of the machine share.
  const folder = process.env.NODE_COMPILE_CACHE || ownFolder();
  if (folder === undefined) return undefined;
  const { directory } = enableCompileCache(folder);
  // It is named after the version of Node, in the one that was given.
  return directory === undefined ? undefined : dirname(directory);
}

/** Undefined where somebody else could write to it, and so have us run what he likes. */
function ownFolder(): string | undefined {
  const user = process.getuid?.();
  // On Windows the temporary folder is the user's own.
  if (user === undefined) return join(tmpdir(), 'plinth-compiled');
  const folder = join(tmpdir(), `plinth-compiled-${user}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    const isOwn = found.isDirectory() && found.uid === user && (found.mode & 0o022) === 0;
    return isOwn ? folder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Does not return where the option was not there; whoever gave another one keeps it, and an inspector the process
 * that it has found.
 */
function startBounded(kept: string | undefined): void {
  const { NODE_OPTIONS = '' } = process.env;
  const given = [NODE_OPTIONS, ...process.execArgv].join(' ').replaceAll('_', '-');
  if (given.includes(NEWBORN_OPTION) || given.includes('--inspect')) return;
  const options = [`${NEWBORN_OPTION}=${NEWBORN_MIB}`, ...process.execArgv];
  try {
    const args = [process.execPath, ...options, ...process.argv.slice(1)];
    const cache = kept === undefined ? {} : { NODE_COMPILE_CACHE: kept };
    process.execve?.(process.execPath, args, { ...MALLOC, ...process.env, ...cache });
  } catch {
    // Where a process may not be replaced it serves as well, with more memory.
  }
}
