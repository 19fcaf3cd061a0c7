#!/usr/bin/env node
/**
 * The program's first file. It has the compiled form of all others kept from one start to the next (in the
 * system's temporary folder, or where NODE_COMPILE_CACHE says): a start then takes a third of the time.
 *
 * A process that serves bounds the part of the heap that objects are born in. Node lets it grow to 64 MiB, and as
 * much again outside the heap for what dies in it; 16 MiB serve as fast. That can be said only when a process
 * starts, so the process begins once more, as the same one, with the option.
 */
import { enableCompileCache } from 'node:module';

const NEWBORN_OPTION = '--max-semi-space-size';
/** MiB of one of the two halves. */
const NEWBORN_MIB = 8;

if (process.argv[2] === 'up') startBounded();
enableCompileCache();
await import('./process.ts');

/** Does not return where the option was not there; whoever gave another one keeps it. */
function startBounded(): void {
  const { NODE_OPTIONS = '' } = process.env;
  const given = [NODE_OPTIONS, ...process.execArgv].join(' ');
  if (given.replaceAll('_', '-').includes(NEWBORN_OPTION)) return;
  const options = [`${NEWBORN_OPTION}=${NEWBORN_MIB}`, ...process.execArgv];
  try {
    process.execve?.(process.execPath, [process.execPath, ...options, ...process.argv.slice(1)]);
  } catch {
    // Where a process may not be replaced it serves as well, with more memory.
  }
}
