/**
 * Which keys take most memory: a walk over all databases on demand, in slices between other work, that
 * keeps the largest `bigKeysMax`. What changes while it walks may be missed or be of another size by
 * then; a key is met at least once if it stays.
 *
 *   idle --start--> walking --all databases seen--> idle, with a result
 */
import { inOwnMemory } from '../../core/base/index.ts';
import type { Type } from '../keyspace/index.ts';
import { bigKeysMax } from '../limits.ts';
import type { Address } from '../memory/index.ts';
import type { Engine } from './engine.ts';

const BUCKETS_PER_LOOK = 64;
const SLICE_MS = 1;

export interface BigKey {
  readonly database: number;
  readonly key: Buffer;
  readonly type: Type;
  readonly bytes: number;
}

export class BigKeys {
  walking = false;
  /** Keys seen by the walk at hand or the last one. */
  seen = 0;
  /** Unix ms at which the last complete walk ended, 0 before the first. */
  doneMs = 0;
  private readonly engine: Engine;
  private found: BigKey[] = [];
  private result: readonly BigKey[] = [];
  private database = 0;
  private cursor = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Starts a walk; false when one is under way. */
  start(): boolean {
    if (this.walking) return false;
    this.walking = true;
    this.seen = 0;
    this.found = [];
    this.database = 0;
    this.cursor = 0;
    return true;
  }

  /** Goes on for about a millisecond; true while there is more. */
  slice(): boolean {
    if (!this.walking) return false;
    const { clock, keyspace } = this.engine;
    const deadlineMs = clock.monotonicMs() + SLICE_MS;
    while (this.database < keyspace.databases.length) {
      for (let i = 0; i < BUCKETS_PER_LOOK && this.database < keyspace.databases.length; i++) {
        const { table } = keyspace.databases[this.database]!;
        this.cursor = table.size === 0 ? 0 : table.scan(this.cursor, this.visit);
        if (this.cursor === 0) this.database++;
      }
      if (clock.monotonicMs() >= deadlineMs) return true;
    }
    this.walking = false;
    this.doneMs = clock.wallMs();
    this.result = this.found;
    return false;
  }

  /** The largest keys of the last complete walk, largest first. */
  top(count: number): readonly BigKey[] {
    return this.result.slice(0, count);
  }

  private readonly visit = (record: Address): void => {
    const db = this.engine.keyspace.databases[this.database]!;
    this.seen++;
    const bytes = db.memoryBytes(record);
    const { found } = this;
    if (found.length === bigKeysMax && bytes <= found[bigKeysMax - 1]!.bytes) return;
    const key = inOwnMemory(db.keyBytes(record));
    const entry = { database: db.index, key, type: db.typeOf(record), bytes };
    let at = found.length;
    while (at > 0 && found[at - 1]!.bytes < bytes) at--;
    // A scan may show a key twice while its table grows.
    const isTwice = found.some(
      (other) => other.database === db.index && other.key.equals(entry.key),
    );
    if (isTwice) return;
    found.splice(at, 0, entry);
    if (found.length > bigKeysMax) found.pop();
  };
}
