/**
 * Clients that wait for one key, by what it has to hold for them, each kind in order of arrival.
 *
 * A key holds one type at a time, so whoever waits for another is not looked at when it changes.
 */
import type { Database, Type } from '../keyspace/index.ts';
import type { Blocked } from './blocking.ts';

const NOBODY: ReadonlySet<Blocked> = new Set();

export class KeyQueue {
  readonly db: Database;
  readonly key: Buffer;
  size = 0;
  /** By type; all of them wait for one or the other. */
  private readonly byType: (Set<Blocked> | undefined)[] = [];
  /** Those of `byType` whom any change of the key lets go on. */
  private readonly anyChange = new Set<Blocked>();

  constructor(db: Database, key: Buffer) {
    this.db = db;
    this.key = key;
  }

  add(blocked: Blocked): void {
    if (blocked.type === undefined) return;
    let list = this.byType[blocked.type];
    if (list === undefined) {
      list = new Set();
      this.byType[blocked.type] = list;
    }
    list.add(blocked);
    if (blocked.anyChange) this.anyChange.add(blocked);
    this.size++;
  }

  remove(blocked: Blocked): void {
    if (blocked.type === undefined || this.byType[blocked.type]?.delete(blocked) !== true) return;
    this.anyChange.delete(blocked);
    this.size--;
  }

  /** What the key holds at the moment; undefined for nothing. */
  get typeNow(): Type | undefined {
    const { db, key } = this;
    const record = db.peek(key, 0, key.length);
    return record === 0 ? undefined : db.typeOf(record);
  }

  /** Those whom a key with a value of this type lets go on. */
  waitingFor(type: Type | undefined): ReadonlySet<Blocked> {
    return (type === undefined ? undefined : this.byType[type]) ?? NOBODY;
  }

  /** Those whom a key that does not hold what they wait for lets go on as well. */
  disturbed(): ReadonlySet<Blocked> {
    return this.anyChange;
  }
}
