/**
 * What ZUNION, ZINTER and ZDIFF combine: sorted sets, and sets whose members all have the score 1.
 */
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR, WRONG_TYPE } from '../../errors.ts';
import { type Database, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import {
  eachMember as eachOfSet,
  isMember,
  lengthOf as sizeOfSet,
} from '../../values/set/index.ts';
import { eachMember, lengthOf, ZsetAccess, type ZsetVisitor } from '../../values/zset/index.ts';

const SET_SCORE = 1;

export class Source {
  readonly size: number;
  weight = 1;
  readonly record: Address;
  private readonly db: Database;
  private readonly access: ZsetAccess | undefined;

  /** `record` 0 is an empty set. */
  constructor(db: Database, record: Address) {
    this.db = db;
    this.record = record;
    const sorted = record !== 0 && db.typeOf(record) === Type.zset;
    this.access = sorted ? new ZsetAccess().open(db, record) : undefined;
    this.size = record === 0 ? 0 : sorted ? lengthOf(db, record) : sizeOfSet(db, record);
  }

  /** Score of a member, NaN when it is not there. */
  scoreOf(buf: Buffer, start: number, length: number): number {
    const { access, db, record } = this;
    if (record === 0) return Number.NaN;
    if (access === undefined) {
      return isMember(db, record, buf, start, length) ? SET_SCORE : Number.NaN;
    }
    return access.find(buf, start, length) ? access.score : Number.NaN;
  }

  /** Visits the members until `visit` returns false. */
  each(visit: ZsetVisitor): void {
    const { access, db, record } = this;
    if (record === 0) return;
    if (access !== undefined) eachMember(db, record, visit);
    else eachOfSet(db, record, (buf, start, length) => visit(buf, start, length, SET_SCORE));
  }
}

/** Sources named by the key count at argument `at` and the keys behind it. */
export function sourcesAt(call: Call, at: number): Source[] {
  const count = call.int(at);
  if (count < 1) {
    throw new ReplyError(`ERR at least 1 input key is needed for '${call.spec.name}' command`);
  }
  if (count > call.count - at - 1) throw SYNTAX_ERROR;
  const { db } = call;
  const sources: Source[] = [];
  for (let i = at + 1; i <= at + count; i++) {
    const record = call.find(i);
    if (record !== 0 && db.typeOf(record) !== Type.zset && db.typeOf(record) !== Type.set) {
      throw WRONG_TYPE;
    }
    sources.push(new Source(db, record));
  }
  return sources;
}
