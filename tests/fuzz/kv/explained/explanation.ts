/**
 * What a known and meant difference to Redis 7.0.15, the reference, is: a reason that
 * docs/compatibility.md gives too, and a test as narrow as it can be, since it hides.
 */
import { isAggregate, type Reply } from '../../../support/resp-reply.ts';
import type { KeyState } from '../state.ts';

/** What a reader is told of a difference. */
export type Explanation = {
  /** The commands as the document names them. */
  readonly commands: string;
  readonly reason: string;
  /** Whose way Plinth goes: that of Redis 7.2, which left 7.0, or its own. */
  readonly way: '7.2' | 'own';
};

export type ReplyRow = Explanation & {
  /** The servers' states differ from here on: the round ends. */
  readonly parts?: true;
  /** `left` is the reference's reply, `right` Plinth's. */
  readonly matches: (
    args: readonly string[],
    left: Reply,
    right: Reply,
    context: Context,
  ) => boolean;
};

export type StateRow = Explanation & {
  readonly part: 'value' | 'encoding';
  readonly matches: (left: KeyState, right: KeyState, context: Context) => boolean;
};

/** What else was run in the round. */
export type Context = {
  readonly sorts: boolean;
  /** A value goes through DUMP and RESTORE. */
  readonly restores: boolean;
  readonly storesDistances: boolean;
  /** BITFIELD is told to fail where a field would overflow. */
  readonly fails: boolean;
  /** A float beyond a double stands among the arguments. */
  readonly overflows: boolean;
};

/** Whether these are the command, and the subcommand, in any case. */
export const is = (args: readonly string[], command: string, sub?: string) =>
  args[0]?.toUpperCase() === command && (sub === undefined || args[1]?.toUpperCase() === sub);

/** The text of a scalar, none of an aggregate. */
export const text = (reply: Reply) => (isAggregate(reply) ? '' : reply.text);
