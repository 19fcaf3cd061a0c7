/** Whether a user may run a request: the command itself, its keys, its channels. */
import type { Args } from '../../core/wire/index.ts';
import { commandKeys, mayHaveKeys } from '../command/keys.ts';
import { Bit, type Command } from '../command/table.ts';
import { matchGlob } from '../glob.ts';
import type { KeyPattern, Selector } from './selector.ts';
import type { User } from './user.ts';

export type DenialReason = 'command' | 'key' | 'channel';

export interface Denial {
  readonly reason: DenialReason;
  /** The argument that is not allowed; 0 for the command. */
  readonly index: number;
}

const RANK: Readonly<Record<DenialReason, number>> = { command: 1, key: 2, channel: 3 };

/** Why a user may not run a request, undefined when one of the selectors allows it. */
export function denial(user: User, command: Command, args: Args): Denial | undefined {
  if (user.unrestricted) return undefined;
  let worst: Denial = { reason: 'command', index: 0 };
  for (const selector of user.selectors) {
    const refused = refusedBy(selector, command, args);
    if (refused === undefined) return undefined;
    // The selector that came furthest tells most: its refusal is the one to show.
    const rank = RANK[refused.reason] - RANK[worst.reason];
    if (rank > 0 || (rank === 0 && refused.index > worst.index)) worst = refused;
  }
  return worst;
}

function refusedBy(selector: Selector, command: Command, args: Args): Denial | undefined {
  if ((command.bits & Bit.noAuth) === 0) {
    const at = command.parent === undefined ? 1 : 2;
    const firstArg = () => (at < args.count ? args.text(at) : undefined);
    if (!selector.allows(command, firstArg)) return { reason: 'command', index: 0 };
  }
  const { spec } = command;
  if (!selector.allKeys && mayHaveKeys(spec)) {
    for (const { index, reads, writes } of commandKeys(spec, args) ?? []) {
      if (!allowsKey(selector.keys, args.bytes(index), reads, writes))
        return { reason: 'key', index };
    }
  }
  const { channels } = spec;
  if (!selector.allChannels && channels !== undefined) {
    const end = channels.all ? args.count : channels.first + 1;
    for (let index = channels.first; index < end; index++) {
      if (!allowsChannel(selector.channels, args.bytes(index), channels.pattern === true)) {
        return { reason: 'channel', index };
      }
    }
  }
  return undefined;
}

/** Whether one pattern gives all the permissions that are asked for. */
function allowsKey(
  patterns: readonly KeyPattern[],
  key: Buffer,
  reads: boolean,
  writes: boolean,
): boolean {
  for (const { pattern, read, write } of patterns) {
    if ((reads && !read) || (writes && !write)) continue;
    if (matchGlob(pattern, key)) return true;
  }
  return false;
}

/** A pattern of channels is allowed only when the very same pattern is; a name when one matches. */
export function allowsChannel(
  patterns: readonly Buffer[],
  channel: Buffer,
  isPattern: boolean,
): boolean {
  for (const pattern of patterns) {
    if (isPattern ? pattern.equals(channel) : matchGlob(pattern, channel)) return true;
  }
  return false;
}

/** Whether a user may read every key: what BY and GET patterns of SORT need. */
export function readsAllKeys(user: User, command: Command, args: Args): boolean {
  if (user.unrestricted) return true;
  return user.selectors.some((selector) => {
    if (refusedBy(selector, command, args) !== undefined) return false;
    return (
      selector.allKeys ||
      selector.keys.some(({ pattern, read }) => read && pattern.toString('latin1') === '*')
    );
  });
}
