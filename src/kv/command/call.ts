/**
 * One execution of one command: its arguments, where its reply goes, and what it may do to the store.
 *
 * A command reads arguments by index (0 is its name), finds or creates records, writes exactly one
 * reply, and says what it changed (`changed`). What it changed goes to the log as the command itself,
 * unless it is not deterministic or not absolute (random picks, relative times, floats): then it says
 * with `effect` what should be logged instead. Errors are thrown as ReplyError before anything is
 * changed.
 *
 * One Call serves all requests of a connection loop in turn; nothing of it is kept across requests.
 */
import type { Args, RespWriter } from '../../core/wire/index.ts';
import type { Engine } from '../engine/engine.ts';
import { NOT_A_FLOAT, NOT_AN_INTEGER, type ReplyError, WRONG_TYPE } from '../errors.ts';
import type { Database, Type } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import type { NotifyClass } from '../notify.ts';
import type { Session } from '../session/session.ts';
import { parseBigInteger, parseFloat64, parseInteger } from './numbers.ts';
import type { CommandSpec } from './spec.ts';

/** One argument of an effect. */
export type EffectArg = Buffer | string | number;

/** What a blocking command waits for. */
export interface BlockRequest {
  /** Argument indexes of the keys whose change may let it go on. */
  readonly keys: readonly number[];
  /** What a key has to hold to let it go on; absent when it waits for no keys. */
  readonly type?: Type;
  /** A key that goes, or takes another type, ends the wait too: with an error. */
  readonly anyChange?: boolean;
  /** Milliseconds; 0 waits for ever. */
  readonly timeoutMs: number;
  /** Arguments to retry with instead of its own (XREAD resolves `$` once). */
  readonly args?: readonly (Buffer | string)[];
  /** Writes the reply when the time is over. */
  readonly onTimeout: (reply: RespWriter) => void;
}

export class Call {
  readonly engine: Engine;
  args: Args;
  reply: RespWriter;
  db: Database;
  session: Session;
  spec: CommandSpec;
  /** Whether the command may wait: not inside MULTI, a script, or with CLIENT NO-... */
  canBlock = true;
  /** The command runs again because a key it waits for has changed. */
  retrying = false;
  /** Inside EXEC, a script or a function. */
  nested = false;
  /** Effects that replace the command in the log; undefined: the command itself. */
  effects: EffectArg[][] | undefined;
  /** Logged as it is in place of the command, if `effects` is undefined; for hot commands. */
  logged: Args | undefined;
  /** What the command asked to wait for. */
  blockRequest: BlockRequest | undefined;

  constructor(engine: Engine, init: Pick<Call, 'args' | 'reply' | 'db' | 'session' | 'spec'>) {
    this.engine = engine;
    this.args = init.args;
    this.reply = init.reply;
    this.db = init.db;
    this.session = init.session;
    this.spec = init.spec;
  }

  /** Unix time of the current batch in milliseconds; the same for all commands of a script. */
  get nowMs(): number {
    return this.engine.keyspace.nowMs;
  }

  // Arguments.

  get count(): number {
    return this.args.count;
  }

  /** A 64-bit integer argument; beyond 2^53 the nearest double. */
  int(index: number, otherwise: ReplyError = NOT_AN_INTEGER): number {
    const { args } = this;
    const n = parseInteger(args.buf, args.start(index), args.end(index));
    if (Number.isNaN(n)) throw otherwise;
    return n;
  }

  /** An integer argument of at least `min` and at most `max`. */
  intBetween(
    index: number,
    min: number,
    max: number,
    otherwise: ReplyError = NOT_AN_INTEGER,
  ): number {
    const n = this.int(index, otherwise);
    if (n < min || n > max) throw otherwise;
    return n;
  }

  /** An exact 64-bit integer argument. */
  bigInt(index: number, otherwise: ReplyError = NOT_AN_INTEGER): bigint {
    const { args } = this;
    const n = parseBigInteger(args.buf, args.start(index), args.end(index));
    if (n === undefined) throw otherwise;
    return n;
  }

  /** A float argument; `inf` and `-inf` are floats, `nan` is not. */
  float(index: number, otherwise: ReplyError = NOT_A_FLOAT): number {
    const n = parseFloat64(this.args.text(index));
    if (Number.isNaN(n)) throw otherwise;
    return n;
  }

  // Keys. The rules of Database hold: change only what came from a ...ForWrite.

  /** The record of the key at an argument, 0 when there is none. For reading. */
  find(index: number): Address {
    const { args } = this;
    const start = args.start(index);
    const record = this.db.find(args.buf, start, args.end(index) - start);
    this.engine.noteLookup(this.db, args, index, record !== 0);
    return record;
  }

  /** As `find`, and it may be changed. */
  findForWrite(index: number): Address {
    const { args } = this;
    const start = args.start(index);
    return this.db.findForWrite(args.buf, start, args.end(index) - start);
  }

  /** As `find`; @throws WRONG_TYPE when it holds another type. */
  findTyped(index: number, type: Type): Address {
    const record = this.find(index);
    if (record !== 0 && this.db.typeOf(record) !== type) throw WRONG_TYPE;
    return record;
  }

  /** As `findForWrite`; @throws WRONG_TYPE when it holds another type. */
  findTypedForWrite(index: number, type: Type): Address {
    const record = this.findForWrite(index);
    if (record !== 0 && this.db.typeOf(record) !== type) throw WRONG_TYPE;
    return record;
  }

  /** Adds the key at an argument, which must not be there, with room for a value. */
  create(index: number, type: Type, valueBytes: number): Address {
    const { args } = this;
    return this.engine.create(
      this.db,
      args.buf,
      args.start(index),
      args.length(index),
      type,
      valueBytes,
    );
  }

  /** Removes the key at an argument if it is there; says nothing to anybody. */
  removeKey(index: number): boolean {
    const record = this.findForWrite(index);
    if (record === 0) return false;
    this.db.remove(record);
    return true;
  }

  /**
   * The key at an argument has changed: for the log, WATCH, client tracking, blocked clients and
   * keyspace notifications. Call it once per key and event, after the change.
   */
  changed(index: number, notifyClass: NotifyClass, event: string): void {
    const { args } = this;
    this.engine.changed(
      this.db,
      args.buf,
      args.start(index),
      args.length(index),
      notifyClass,
      event,
    );
  }

  /** As `changed` for a key that is no argument, or in another database. */
  changedKey(key: Buffer, notifyClass: NotifyClass, event: string, db: Database = this.db): void {
    this.engine.changed(db, key, 0, key.length, notifyClass, event);
  }

  /** A second event of a change that `changed` was already told of (SET with EX: `expire`). */
  notify(index: number, notifyClass: NotifyClass, event: string): void {
    const { args } = this;
    this.engine.notify(
      this.db,
      args.buf,
      args.start(index),
      args.length(index),
      notifyClass,
      event,
    );
  }

  // The log.

  /** Logs this instead of the command itself; may be called several times. */
  effect(...args: EffectArg[]): void {
    if (this.effects === undefined) this.effects = [args];
    else this.effects.push(args);
  }

  /** Nothing of this command goes to the log, whatever it changed. */
  noEffect(): void {
    this.effects ??= [];
  }

  // Waiting.

  /**
   * Waits until one of the keys changes, then runs the command again, or until the time is over.
   * Where waiting is impossible the reply of a passed timeout is written at once.
   */
  block(request: BlockRequest): void {
    if (this.canBlock) this.blockRequest = request;
    else request.onTimeout(this.reply);
  }
}
