/**
 * What a command is: one row of a table. Routing, arity checks, ACL, COMMAND and its subcommands and
 * docs/commands.md all derive from these rows.
 */
import type { Args } from '../../core/wire/index.ts';
import type { Call } from './call.ts';

/** Flags as COMMAND INFO names them. */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'asking'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'movablekeys'
  | 'no_mandatory_keys'
  | 'allow_busy'
  | 'no_multi'
  | 'no_async_loading';

/** ACL categories beyond those that follow from flags (@write, @read, @admin, @fast, @slow ...). */
export type AclCategory =
  | 'keyspace'
  | 'string'
  | 'bitmap'
  | 'hash'
  | 'list'
  | 'set'
  | 'sortedset'
  | 'geo'
  | 'hyperloglog'
  | 'stream'
  | 'pubsub'
  | 'transaction'
  | 'connection'
  | 'scripting'
  | 'dangerous'
  | 'admin'
  | 'blocking';

export type CommandGroup =
  | 'generic'
  | 'string'
  | 'bitmap'
  | 'hash'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'geo'
  | 'hyperloglog'
  | 'stream'
  | 'pubsub'
  | 'transactions'
  | 'connection'
  | 'scripting'
  | 'server'
  | 'cluster';

/**
 * Where a command's keys stand, in the terms of Redis' key specifications
 * (https://redis.io/docs/latest/develop/reference/key-specs/).
 */
export interface KeySpec {
  /** RO reads, RW reads and writes, OW overwrites, RM removes. Decides the ACL permission. */
  readonly access: 'RO' | 'RW' | 'OW' | 'RM';
  /** What is done to the value: access (returned), update, insert, delete. */
  readonly purpose?: 'access' | 'update' | 'insert' | 'delete';
  /** Argument index of the first key, or a keyword behind which it stands; `keysOf` finds the unknown. */
  readonly begin: number | { readonly keyword: string; readonly from: number } | 'unknown';
  /**
   * A range from there: `last` relative to the first (-1: to the last argument, -2: to the one before
   * ...), or a key count that stands at `keynum` (relative) with the first key at `first`.
   */
  readonly find:
    | { readonly last: number; readonly step: number; readonly limit?: number }
    | { readonly keynum: number; readonly first: number; readonly step: number }
    | 'unknown';
  /** The value is returned as well as changed: ACL asks for both permissions (GETDEL, INCR, LPOP). */
  readonly alsoRead?: boolean;
  /** The argument is no key of the keyspace (a channel, a cluster slot key). */
  readonly notKey?: boolean;
  /** More keys may stand elsewhere; `keysOf` finds them all. */
  readonly incomplete?: boolean;
  /** What is done to the key depends on other arguments: the specification for a request. */
  readonly varies?: (args: Args) => KeySpec;
}

export interface CommandSpec {
  /** Lower case; a subcommand's own word only. */
  readonly name: string;
  /** Arguments with the name; negative: at least so many. A subcommand counts its container. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly keys?: readonly KeySpec[];
  /** Finds the argument indexes of all keys where `keys` can not (SORT, XREAD ...). */
  readonly keysOf?: (args: Args) => number[];
  /** Which arguments are channels: the one at `first`, or all from there; patterns of channels. */
  readonly channels?: { readonly first: number; readonly all: boolean; readonly pattern?: boolean };
  readonly acl: readonly AclCategory[];
  readonly group: CommandGroup;
  /** First Redis version with the command, for COMMAND DOCS. */
  readonly since: string;
  readonly complexity: string;
  readonly summary: string;
  /** Argument syntax after the name, as the reference writes it: `key value [NX | XX]`. */
  readonly syntax: string;
  /** COMMAND INFO tips: nondeterministic_output, request_policy:all_shards ... */
  readonly tips?: readonly string[];
  readonly subcommands?: readonly CommandSpec[];
  /** Executes the command. Absent only for containers whose work is all in subcommands. */
  readonly run?: (call: Call) => void;
}

/** One key at argument 1, the most usual case. */
export function keyAt1(
  access: KeySpec['access'],
  purpose?: KeySpec['purpose'],
  alsoRead = false,
): readonly KeySpec[] {
  return [keyRange({ access, begin: 1, last: 0, step: 1, alsoRead, ...(purpose && { purpose }) })];
}

/** Keys that only `keysOf` finds. */
export function unknownKeys(
  access: KeySpec['access'],
  purpose: NonNullable<KeySpec['purpose']>,
): KeySpec {
  return { access, purpose, begin: 'unknown', find: 'unknown' };
}

/** A range of keys; `last` as in KeySpec.find. */
export function keyRange(range: {
  access: KeySpec['access'];
  purpose?: KeySpec['purpose'];
  begin: number;
  last: number;
  step?: number;
  alsoRead?: boolean;
}): KeySpec {
  const { access, begin, last, step = 1 } = range;
  return {
    access,
    begin,
    find: { last, step },
    ...(range.purpose !== undefined && { purpose: range.purpose }),
    ...(range.alsoRead === true && { alsoRead: true }),
  };
}
