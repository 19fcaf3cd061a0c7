/** The options that XADD and XTRIM share. */
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import type { EntryId, Stream } from '../../values/stream/index.ts';
import { idArg, isChar, MAX_ID } from './common.ts';
import { POLICIES, type Policy } from './reference-policy.ts';
import { trimAcknowledged, trimWithReferences } from './trim-policy.ts';

const STAR = 42;
const TILDE = 126;
const EQUALS = 61;
/** Entries that one approximate trimming deletes at most when no LIMIT is given. */
const BLOCKS_LIMIT = 100;
const LIMIT_UNBOUNDED = 10_000;
const LIMIT_MAX = 1_000_000;

const TWO_STRATEGIES = new ReplyError(
  'ERR syntax error, MAXLEN and MINID options at the same time are not compatible',
);
const LIMIT_ALONE = new ReplyError(
  'ERR syntax error, LIMIT cannot be used without specifying a trimming strategy',
);
const LIMIT_EXACT = new ReplyError(
  'ERR syntax error, LIMIT cannot be used without the special ~ option',
);
const NO_STRATEGY = new ReplyError(
  'ERR syntax error, XTRIM must be called with a trimming strategy',
);
const NEGATIVE_MAXLEN = new ReplyError('ERR The MAXLEN argument must be >= 0.');
const NEGATIVE_LIMIT = new ReplyError('ERR The LIMIT argument must be >= 0.');

export class TrimArgs {
  /** Entries that may stay; -1 when MAXLEN is not given. */
  lengthMax = -1;
  minId: EntryId | undefined;
  approximate = false;
  noMakeStream = false;
  limit = -1;
  /** What becomes of references in groups to what is trimmed; undefined when not told: they stay. */
  policy: Policy | undefined;

  get trims(): boolean {
    return this.lengthMax >= 0 || this.minId !== undefined;
  }

  reset(): this {
    this.lengthMax = -1;
    this.minId = undefined;
    this.approximate = false;
    this.noMakeStream = false;
    this.limit = -1;
    this.policy = undefined;
    return this;
  }

  /**
   * Reads the options from argument 2 on. For XADD: returns the index of what is no option and ought
   * to be the id, the count of arguments when there is nothing more.
   */
  read(call: Call, isAdd: boolean): number {
    const { args } = call;
    let i = 2;
    for (; i < args.count; i++) {
      if (isAdd && isChar(call, i, STAR)) break;
      const more = args.count - 1 - i;
      const option = args.keyword(i);
      if (option === 'MAXLEN' && more > 0) i = this.readMaxLength(call, i, more);
      else if (option === 'MINID' && more > 0) i = this.readMinId(call, i, more);
      else if (option === 'LIMIT' && more > 0) {
        this.limit = call.int(++i);
        if (this.limit < 0) throw NEGATIVE_LIMIT;
      } else if (isAdd && option === 'NOMKSTREAM') this.noMakeStream = true;
      else if (this.policy === undefined && Object.hasOwn(POLICIES, option)) {
        this.policy = POLICIES[option];
      } else if (isAdd) break;
      else throw SYNTAX_ERROR;
    }
    return i;
  }

  /** Checks what was read as a whole; XADD reads its id before. */
  check(call: Call, isAdd: boolean): void {
    if (this.limit > 0 && !this.trims) throw LIMIT_ALONE;
    if (!isAdd && !this.trims) throw NO_STRATEGY;
    if (this.limit >= 0) {
      if (!this.approximate) throw LIMIT_EXACT;
      return;
    }
    if (!this.approximate) {
      this.limit = 0;
      return;
    }
    const { streamNodeMaxEntries } = call.engine.settings;
    const limit = streamNodeMaxEntries * BLOCKS_LIMIT;
    this.limit = limit <= 0 ? LIMIT_UNBOUNDED : Math.min(limit, LIMIT_MAX);
  }

  /** Reads `~` or `=`; returns the index of what follows. */
  private readSign(call: Call, at: number, more: number): number {
    if (this.trims) throw TWO_STRATEGIES;
    this.approximate = more >= 2 && isChar(call, at + 1, TILDE);
    return this.approximate || (more >= 2 && isChar(call, at + 1, EQUALS)) ? at + 2 : at + 1;
  }

  private readMaxLength(call: Call, at: number, more: number): number {
    const index = this.readSign(call, at, more);
    this.lengthMax = call.int(index);
    if (this.lengthMax < 0) throw NEGATIVE_MAXLEN;
    return index;
  }

  private readMinId(call: Call, at: number, more: number): number {
    const index = this.readSign(call, at, more);
    this.minId = idArg(call, index);
    return index;
  }

  /** Trims; returns how many entries went. */
  apply(stream: Stream): number {
    const { minId, lengthMax, limit } = this;
    const rule = minId === undefined ? { lengthMax } : { minId };
    const trim = (): number => stream.trim({ ...rule, wholeBlocks: this.approximate, limit });
    if (!this.heedsGroups(stream)) return trim();
    if (this.policy === 'acked') return trimAcknowledged(stream, { minId, lengthMax, limit });
    return trimWithReferences(stream, { minId, lengthMax, limit }, trim);
  }

  /** Whether the groups of the stream make a difference. */
  private heedsGroups(stream: Stream): boolean {
    return this.policy !== undefined && this.policy !== 'keep' && stream.groups.size > 0;
  }

  /** The trimming as it came out, so that the log gives the same result wherever it is applied. */
  outcome(stream: Stream): string[] {
    const heeds = this.heedsGroups(stream);
    // Of what is not acknowledged the first may be below the id: the length tells how much went.
    if (heeds && this.policy === 'acked') return ['MAXLEN', '=', String(stream.length), 'ACKED'];
    const how =
      this.minId === undefined
        ? ['MAXLEN', '=', String(stream.length)]
        : ['MINID', '=', (stream.length === 0 ? MAX_ID : stream.firstId).toString()];
    return heeds ? [...how, 'DELREF'] : how;
  }
}
