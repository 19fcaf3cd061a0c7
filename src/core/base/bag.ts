/**
 * A set of objects that know their place in it: to add and to remove one moves a few words, where a `Set` hashes,
 * leaves gaps and is rebuilt from time to time. In no order.
 *
 * Invariant: an object is in one bag at most, and `items[object.place]` is the object while it is in one.
 */

/** What can be in a bag. */
export interface Placed {
  /** The bag's own; -1 while it is in none. */
  place: number;
}

export class Bag<T extends Placed> implements Iterable<T> {
  private readonly items: T[] = [];

  get size(): number {
    return this.items.length;
  }

  /** Does nothing when it is in already. */
  add(item: T): void {
    if (item.place !== -1) return;
    item.place = this.items.length;
    this.items.push(item);
  }

  /** @returns whether it was in. */
  delete(item: T): boolean {
    const { items } = this;
    const { place } = item;
    if (place === -1) return false;
    const last = items.pop() as T;
    if (last !== item) {
      items[place] = last;
      last.place = place;
    }
    item.place = -1;
    return true;
  }

  /** Those that are in now: what a caller adds or deletes meanwhile does not change the list. */
  list(): T[] {
    return this.items.slice();
  }

  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }
}

/** Empties a list and keeps its memory, which `length = 0` gives back, and which calls into the engine. */
export function emptyList(list: unknown[]): void {
  while (list.length > 0) list.pop();
}
