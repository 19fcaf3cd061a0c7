/**
 * The exit codes of every subcommand, one row each. Numbers are those of sysexits.h where it has one; their
 * meaning never changes.
 */

export const exitCodeTable = {
  ok: { code: 0, means: 'Done; for `up`, stopped as asked.' },
  notReady: {
    code: 1,
    means:
      'The answer is no: `status` found systems not ready, `config set` or `balancer drain` was refused, `kv import` found differences, `files fsck` found something wrong, `kv backup` or `files get` was cancelled.',
  },
  cut: {
    code: 2,
    means: 'A drain came to its deadline, and what was left was cut.',
  },
  usage: { code: 64, means: 'The command line was not understood.' },
  noInput: {
    code: 66,
    means: 'A file to be read is missing or cannot be read, here or in the file system.',
  },
  notRunning: { code: 69, means: 'Nobody answers at an address, or no longer.' },
  internal: { code: 70, means: 'A fault of Plinth itself; the log has the details.' },
  addressUnavailable: {
    code: 71,
    means: 'An address to listen on is in use or not of this machine.',
  },
  dataUnwritable: {
    code: 73,
    means:
      'The data folder, or the output, cannot be made or written, is full, or is not empty; something is there already.',
  },
  dataDamaged: { code: 74, means: 'Data on disk is damaged or of another version.' },
  dataInUse: {
    code: 75,
    means: 'Another process uses the same data folder, or another backup is under way.',
  },
  notPermitted: {
    code: 77,
    means: 'A right is missing, such as that to a port below 1024, or a password is refused.',
  },
  badConfig: { code: 78, means: 'The configuration is wrong; every mistake is named.' },
} as const;

export type ExitName = keyof typeof exitCodeTable;

/** The number of an outcome. */
export function exitCode(name: ExitName): number {
  return exitCodeTable[name].code;
}

/** The table as it ends `plinth --help`. */
export function exitCodeHelp(): string {
  const rows = Object.values(exitCodeTable).map(({ code, means }) => `  ${code}`.padEnd(6) + means);
  return ['Exit codes:', ...rows].join('\n').replaceAll('`', '');
}
