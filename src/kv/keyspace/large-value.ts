/**
 * Values that outgrew their record: each is an object over its own arena memory, known to records by
 * a small integer handle. Removing one is constant time; its memory is given back in slices.
 */
import { invariant } from '../../core/base/index.ts';
import type { Table } from '../memory/index.ts';
import type { StoredElements } from './changes.ts';
import type { ElementChanges, Elements } from './elements.ts';
import type { Type } from './record.ts';

/** Memory that is given back in slices. */
export interface Releasable {
  /**
   * Frees up to about `budget` elements; true when nothing is left. Called again until then, and it is
   * not used otherwise any more.
   */
  release(budget: number): boolean;
  /** What of its elements a flush may be writing. */
  changes?: ElementChanges | undefined;
}

export interface LargeValue extends Releasable, Elements {
  readonly type: Type;
  /** Elements, entries or bytes: what decides how long freeing takes. */
  readonly size: number;
  /** Where the engine on the disk has its elements; undefined: nowhere. */
  storedAs?: StoredElements | undefined;
  /** Where elements are found by their names, of types that have them. */
  readonly table?: Table;
  /** Bytes held off the heap and, estimated, on it. */
  memoryBytes(): number;
}

export class LargeValues {
  private readonly values: (LargeValue | undefined)[] = [undefined];
  private readonly freeHandles: number[] = [];
  private readonly dying: Releasable[] = [];
  /** Values that went while a flush was writing their elements. */
  private readonly held = new Set<Releasable>();
  /** Values freed in the background so far (INFO lazyfreed_objects). */
  released = 0;

  add(value: LargeValue): number {
    const handle = this.freeHandles.pop() ?? this.values.length;
    this.values[handle] = value;
    return handle;
  }

  get(handle: number): LargeValue {
    const value = this.values[handle];
    invariant(value !== undefined, 'a handle without a value');
    return value;
  }

  /** Forgets the handle; the caller keeps the value or calls `bury`. */
  remove(handle: number): LargeValue {
    const value = this.get(handle);
    this.values[handle] = undefined;
    this.freeHandles.push(handle);
    return value;
  }

  /**
   * Gives the memory of a value back: small ones now, others in slices by `reclaim`, those that a flush is
   * writing behind `letGo`.
   */
  bury(value: Releasable): void {
    const { changes } = value;
    if (changes !== undefined) {
      if (changes.frozen) {
        this.held.add(value);
        return;
      }
      value.changes = undefined;
      const rest = changes.rest();
      if (rest !== undefined) this.bury(rest);
    }
    if (!value.release(64)) this.dying.push(value);
    else this.released++;
  }

  /** A flush needs a value no more. */
  letGo(value: Releasable): void {
    if (this.held.delete(value)) this.bury(value);
  }

  /** Values waiting for their memory to be given back (INFO lazyfree_pending_objects). */
  get pending(): number {
    return this.dying.length + this.held.size;
  }

  /** Frees up to about `budget` elements of the buried values; true while more is to do. */
  reclaim(budget: number): boolean {
    const last = this.dying.length - 1;
    const value = this.dying[last];
    if (value === undefined) return false;
    // What it frees may bury more behind it.
    if (value.release(budget)) {
      this.dying.splice(last, 1);
      this.released++;
    }
    return this.dying.length > 0;
  }
}
