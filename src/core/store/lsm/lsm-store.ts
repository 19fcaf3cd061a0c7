/**
 * Test support: the engine as an `OrderedStore`, on whatever disk.
 */
import { WriteBatch } from './batch.ts';
import type { Operation, OrderedStore, Pair, Range, View, Walk } from './ordered-store.ts';
import {
  Found,
  type Lookup,
  type Lsm,
  type LsmOptions,
  type Scan,
  type Snapshot,
  type WriteOptions,
} from './types.ts';

export interface LsmPlace {
  readonly options?: Partial<LsmOptions>;
  open(): Promise<Lsm>;
  /** Runs the world until a promise is settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
  breathe(): Promise<void>;
}

export class LsmStore implements OrderedStore {
  lsm: Lsm;
  private readonly place: LsmPlace;
  private readonly batch = new WriteBatch();
  private walks = 0;
  private colds = 0;
  private writes = 0;
  private mark = 0;
  private readonly into: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };

  static async open(place: LsmPlace): Promise<LsmStore> {
    return new LsmStore(place, await place.open());
  }

  private constructor(place: LsmPlace, lsm: Lsm) {
    this.place = place;
    this.lsm = lsm;
  }

  write(operations: readonly Operation[], sync = false): Promise<void> | undefined {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const state = { done: false };
    this.post(operations, { sync, ...this.nextMark() }, (error) => {
      state.done = error === null;
      if (error === null) resolve();
      else reject(error);
    });
    return state.done ? undefined : this.place.settle(promise);
  }

  /** An owner with a log of its own ends a group with every third batch. */
  private nextMark(): { mark?: number } {
    if (this.place.options?.log !== 'owner' || this.writes++ % 3 > 0) return {};
    this.mark = Math.max(this.mark, this.lsm.durableMark) + 1;
    return { mark: this.mark };
  }

  post(
    operations: readonly Operation[],
    options: WriteOptions,
    done: (error: Error | null) => void,
  ): void {
    this.lsm.write(batchOf(operations, this.batch), options, done);
  }

  get(key: Buffer, view?: View): Buffer | null | Promise<Buffer | null> {
    const { lsm, into } = this;
    const snapshot = view as Snapshot | undefined;
    const found = lsm.lookup(key, 0, key.length, into, snapshot);
    if (found === Found.missing) return null;
    if (found === Found.cold) {
      if (this.colds++ % 2 === 0) return this.place.settle(lsm.get(key, snapshot));
      if (!lsm.lookupNow(key, 0, key.length, into, snapshot)) return null;
    }
    return Buffer.from(into.value.subarray(into.start, into.start + into.length));
  }

  view(): View {
    return this.lsm.snapshot();
  }

  walk({ view, ...range }: Range): Walk {
    const snapshot = view && { snapshot: view as Snapshot };
    const nth = this.walks++;
    const scan = this.lsm.scan({
      ...range,
      ...snapshot,
      pageEntries: [1, 3, 20, 1000][nth % 4]!,
      reusePage: nth % 3 === 0,
    });
    let pages = nth;
    const fill = () => (pages++ % 2 === 0 ? scan.fillNow() : this.place.settle(scan.fill()));
    return {
      next: async () => ((await fill()) ? pageOf(scan) : []),
      close: async () => scan.close(),
    };
  }

  flush(): Promise<void> {
    return this.place.settle(this.lsm.flush());
  }

  compact(from?: Buffer, to?: Buffer): Promise<void> {
    return this.place.settle(this.lsm.compact(from, to));
  }

  breathe(): Promise<void> {
    return this.place.breathe();
  }

  async reopen(): Promise<void> {
    await this.close();
    this.lsm = await this.place.open();
  }

  close(): Promise<void> {
    return this.place.settle(this.lsm.close());
  }
}

export function batchOf(operations: readonly Operation[], batch = new WriteBatch()): WriteBatch {
  batch.clear();
  for (const operation of operations) {
    if (operation.kind === 'put') batch.put(operation.key, operation.value, operation.until ?? 0);
    else if (operation.kind === 'delete') batch.delete(operation.key);
    else batch.deleteRange(operation.from, operation.to);
  }
  return batch;
}

function pageOf(scan: Scan): Pair[] {
  const pairs: Pair[] = [];
  for (let nth = 0; nth < scan.count; nth++) {
    const at = scan.keyStart(nth);
    const key = Buffer.from(scan.bytes.subarray(at, at + scan.keyLength(nth)));
    pairs.push([key, Buffer.from(scan.value(nth))]);
  }
  return pairs;
}
