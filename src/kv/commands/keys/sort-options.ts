/** Arguments of SORT and SORT_RO. */
import type { Args } from '../../../core/wire/index.ts';
import { readsAllKeys } from '../../acl/index.ts';
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { readPattern, type SortPattern } from './sort-pattern.ts';

export interface SortOptions {
  descending: boolean;
  alpha: boolean;
  offset: number;
  /** Negative: all. */
  count: number;
  /** Where the weights are; undefined: the elements are their own. */
  by: SortPattern | undefined;
  /** BY a name without a star: nothing is sorted. */
  unsorted: boolean;
  /** What is returned for each element; none: itself. */
  readonly gets: SortPattern[];
  /** Argument index of the destination, 0 for none. */
  store: number;
}

export function readSortOptions(call: Call, mayStore: boolean): SortOptions {
  const { args } = call;
  const options: SortOptions = {
    descending: false,
    alpha: false,
    offset: 0,
    count: -1,
    by: undefined,
    unsorted: false,
    gets: [],
    store: 0,
  };
  for (let i = 2; i < call.count; i++) {
    const keyword = args.keyword(i);
    const left = call.count - i - 1;
    if (keyword === 'ASC') options.descending = false;
    else if (keyword === 'DESC') options.descending = true;
    else if (keyword === 'ALPHA') options.alpha = true;
    else if (keyword === 'LIMIT' && left >= 2) {
      options.offset = call.int(++i);
      options.count = call.int(++i);
    } else if (keyword === 'STORE' && mayStore && left >= 1) options.store = ++i;
    else if (keyword === 'BY' && left >= 1) {
      options.by = readPattern(args.copy(++i));
      if (options.by.hasStar) checkPermission(call, 'BY');
      else options.unsorted = true;
    } else if (keyword === 'GET' && left >= 1) {
      options.gets.push(readPattern(args.copy(++i)));
      checkPermission(call, 'GET');
    } else throw SYNTAX_ERROR;
  }
  return options;
}

/** Patterns may name any key, so they need the permission to read every key. */
function checkPermission(call: Call, option: string): void {
  const { user } = call.session;
  if (user.unrestricted) return;
  const command = call.engine.commands.get(call.spec.name);
  if (command !== undefined && readsAllKeys(user, command, call.args)) return;
  throw new ReplyError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
}

/** Argument indexes of the keys that SORT names; those that patterns name are not known. */
export function sortKeys(args: Args): number[] {
  let store = 0;
  for (let i = 2; i < args.count; i++) {
    const keyword = args.keyword(i);
    if (keyword === 'LIMIT') i += 2;
    else if (keyword === 'BY' || keyword === 'GET') i++;
    else if (keyword === 'STORE' && i + 1 < args.count) store = ++i;
  }
  return store === 0 ? [1] : [1, store];
}
