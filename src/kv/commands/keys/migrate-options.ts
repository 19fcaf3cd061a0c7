/** The arguments of MIGRATE: host port key|"" db timeout [COPY] [REPLACE] [AUTH ...] [KEYS ...]. */
import type { Args } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';

const KEY_AND_KEYS = new ReplyError(
  'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
);
const DEFAULT_TIMEOUT_MS = 1000;
const KEY = 3;
const FIRST_OPTION = 6;

export interface MigrateOptions {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  /** For the connection, and for each silence of the target. */
  readonly timeoutMs: number;
  readonly copy: boolean;
  readonly replace: boolean;
  /** Arguments of AUTH, empty for none. */
  readonly auth: readonly Buffer[];
  /** Argument indexes of the keys. */
  readonly keys: readonly number[];
}

/** @throws ReplyError in the order in which Redis finds what is wrong. */
export function readMigrateOptions(call: Call): MigrateOptions {
  const { args } = call;
  let [copy, replace] = [false, false];
  let auth: Buffer[] = [];
  let keys: readonly number[] = [KEY];
  for (let i = FIRST_OPTION; i < call.count; i++) {
    const left = call.count - 1 - i;
    const word = args.keyword(i);
    if (word === 'COPY') copy = true;
    else if (word === 'REPLACE') replace = true;
    else if (word === 'AUTH' || word === 'AUTH2') {
      const words = word === 'AUTH' ? 1 : 2;
      if (left < words) throw SYNTAX_ERROR;
      auth = args.copies(i + 1).slice(0, words);
      i += words;
    } else if (word === 'KEYS') {
      if (args.length(KEY) > 0) throw KEY_AND_KEYS;
      keys = range(i + 1, call.count);
      break;
    } else throw SYNTAX_ERROR;
  }
  const timeoutMs = call.int(5);
  const db = call.int(4);
  return {
    host: args.text(1),
    port: Number.parseInt(args.text(2), 10) || 0,
    db,
    timeoutMs: timeoutMs > 0 ? timeoutMs : DEFAULT_TIMEOUT_MS,
    copy,
    replace,
    auth,
    keys,
  };
}

/** The keys of a request that may be wrong in other ways, for ACL and COMMAND GETKEYS. */
export function migrateKeys(args: Args): number[] {
  for (let i = FIRST_OPTION; i < args.count; i++) {
    const word = args.keyword(i);
    if (word === 'AUTH') i += 1;
    else if (word === 'AUTH2') i += 2;
    else if (word === 'KEYS') return args.length(KEY) > 0 ? [] : range(i + 1, args.count);
  }
  return [KEY];
}

function range(from: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - from) }, (_, i) => from + i);
}
