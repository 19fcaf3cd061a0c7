/**
 * Turns what went wrong at the start into one sentence and an exit code. An error that is not in the table
 * is unforeseen: it is told with its message as an internal fault and logged with its stack.
 */
import { type ExitName, exitCode } from './cli/index.ts';

export interface StartFailure {
  /** One sentence for stderr. */
  readonly sentence: string;
  readonly exit: number;
  /** False when nobody foresaw it. */
  readonly isKnown: boolean;
}

/** What is read of an error; each field may be absent or of any type. */
interface ErrorFields {
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly message?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

interface FailureRow {
  readonly exit: ExitName;
  /** The sentence; absent where the error's own message is one. */
  sentence?(error: ErrorFields): string;
}

/** By the code of the error: those of our own typed errors, whose messages are sentences, and errno. */
const failures: Readonly<Record<string, FailureRow>> = {
  'address-in-use': { exit: 'addressUnavailable' },
  'bad-address': { exit: 'addressUnavailable' },
  'not-permitted': { exit: 'notPermitted' },
  'tls-invalid': { exit: 'badConfig' },
  'acl-file-invalid': { exit: 'badConfig' },
  'pop-not-named': { exit: 'badConfig' },
  'location-file': { exit: 'badConfig' },
  'in-use': { exit: 'dataInUse' },
  'cannot-create': { exit: 'dataUnwritable' },
  'not-a-folder': { exit: 'dataUnwritable' },
  'not-writable': { exit: 'dataUnwritable' },
  'disk-full': { exit: 'dataUnwritable' },
  io: { exit: 'dataUnwritable' },
  corrupt: { exit: 'dataDamaged' },
  foreign: { exit: 'dataDamaged' },
  version: { exit: 'dataDamaged' },
  'restore-unfinished': { exit: 'dataDamaged' },
  EADDRINUSE: {
    exit: 'addressUnavailable',
    sentence: (error) =>
      `${addressOf(error)} is in use by another program; stop that or choose another port`,
  },
  EADDRNOTAVAIL: {
    exit: 'addressUnavailable',
    sentence: (error) => `${addressOf(error)} is no address of this machine; choose one that is`,
  },
  EACCES: { exit: 'notPermitted', sentence: noRight },
  EPERM: { exit: 'notPermitted', sentence: noRight },
  EROFS: {
    exit: 'dataUnwritable',
    sentence: (error) => `${error.path} is on a read-only disk; choose another folder`,
  },
  ENOSPC: {
    exit: 'dataUnwritable',
    sentence: (error) => `the disk of ${error.path ?? 'the data folder'} is full; make room`,
  },
  ENOTDIR: { exit: 'dataUnwritable', sentence: noFolder },
  EEXIST: { exit: 'dataUnwritable', sentence: noFolder },
};

/** The failure behind an error, looked for along its causes. */
export function startFailure(error: unknown): StartFailure {
  const seen = new Set<unknown>();
  for (let at = error; isObject(at) && !seen.has(at); at = at.cause) {
    seen.add(at);
    const row = typeof at.code === 'string' ? failures[at.code] : undefined;
    if (row === undefined) continue;
    const sentence = row.sentence?.(at) ?? String(at.message);
    return { sentence, exit: exitCode(row.exit), isKnown: true };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { sentence: `internal fault: ${message}`, exit: exitCode('internal'), isKnown: false };
}

function isObject(value: unknown): value is ErrorFields {
  return typeof value === 'object' && value !== null;
}

function addressOf({ address, port }: ErrorFields): string {
  const host = String(address);
  return port === undefined ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function noRight(error: ErrorFields): string {
  if (error.port !== undefined) {
    return `no right to listen on ${addressOf(error)}; choose a port above 1023 or grant the right`;
  }
  return `no right to ${error.path}; grant it or choose another folder`;
}

function noFolder(error: ErrorFields): string {
  return `${error.path} cannot be a folder, a file is in its way; choose another`;
}
