/** Which arguments hold secrets: MONITOR and SLOWLOG show `(redacted)` in their place. */
import type { Args } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';

export const REDACTED = '(redacted)';

const SECRET_SETTINGS = new Set([
  'REQUIREPASS',
  'MASTERAUTH',
  'MASTERUSER',
  'TLS-KEY-FILE-PASS',
  'TLS-CLIENT-KEY-FILE-PASS',
]);
const NONE: ReadonlySet<number> = new Set();

/** Indexes of the arguments that must not be shown. */
export function secretArgs(command: Command, args: Args): ReadonlySet<number> {
  switch (command.fullName) {
    case 'auth':
      return range(1, args.count);
    case 'acl|setuser':
    case 'acl|getuser':
    case 'acl|deluser':
      return range(2, args.count);
    case 'hello':
      return behind(args, (word) => (word === 'AUTH' ? 2 : 0));
    case 'migrate':
      return behind(args, (word) => (word === 'AUTH' ? 1 : word === 'AUTH2' ? 2 : 0));
    case 'config|set':
      return behind(args, (word) => (SECRET_SETTINGS.has(word) ? 1 : 0));
    default:
      return NONE;
  }
}

function range(from: number, end: number): Set<number> {
  const found = new Set<number>();
  for (let i = from; i < end; i++) found.add(i);
  return found;
}

/** The arguments behind keywords; `count` says how many a word hides. */
function behind(args: Args, count: (word: string) => number): Set<number> {
  const found = new Set<number>();
  for (let i = 1; i < args.count; i++) {
    const hidden = count(args.keyword(i));
    for (let j = i + 1; j <= i + hidden && j < args.count; j++) found.add(j);
    i += hidden;
  }
  return found;
}
