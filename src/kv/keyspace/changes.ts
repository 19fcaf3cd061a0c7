/**
 * What of a database's content is not on the disk yet: which records have changed, which keys went.
 *
 * Two generations: what has changed since the last flush began, and, while a flush runs, what it still
 * has to write. Only the second is ever walked, so a flush costs what has changed and not what there is.
 */
import type { Arena } from '../memory/index.ts';
import { HashList } from './hash-list.ts';
import { Names } from './names.ts';

/** Where the engine has the elements of a large value: under numbers `from` up to, not including, `to`. */
export interface StoredElements {
  readonly content: number;
  readonly from: number;
  readonly to: number;
}

export class Changes {
  /** Hashes of the records that became dirty. */
  dirty = new HashList();
  /** Keys that went and are stored, with the time under which the index of times has them. */
  gone: Names;
  /** Keys that the index of times has under a time that holds no more. */
  untimed: Names;
  /** Elements of values that went. */
  dead: StoredElements[] = [];
  /** The same as of the flush under way. */
  flushing: Generation | undefined;
  private readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
    this.gone = new Names(arena);
    this.untimed = new Names(arena);
  }

  get isEmpty(): boolean {
    const { dirty, gone, untimed, dead } = this;
    return dirty.size === 0 && gone.size === 0 && untimed.size === 0 && dead.length === 0;
  }

  /** Bytes outside the arena. */
  get bytes(): number {
    const { dirty, gone, untimed, flushing } = this;
    const waiting = flushing === undefined ? 0 : flushing.dirty.bytes + flushing.gone.bytes;
    return dirty.bytes + gone.bytes + untimed.bytes + waiting;
  }

  /** A flush begins: what has changed so far is its work. */
  freeze(): Generation {
    const { dirty, gone, untimed, dead, arena } = this;
    this.flushing = { dirty, gone, untimed, dead };
    this.dirty = new HashList();
    this.gone = new Names(arena);
    this.untimed = new Names(arena);
    this.dead = [];
    return this.flushing;
  }

  /**
   * The flush that froze a generation is given up: keys that went and times that hold no more are its
   * successor's work. `isBack`: a key is in memory again, and has been told that it is stored.
   */
  unfreeze(
    generation: Generation,
    isBack: (hash: number, buf: Buffer, start: number, length: number) => boolean,
  ): void {
    const { gone, untimed } = this;
    generation.untimed.each(({ hash, buf, start, length, timeMs }) => {
      if (!untimed.has(hash, buf, start, length)) untimed.add(hash, buf, start, length, timeMs);
    });
    generation.gone.each(({ hash, buf, start, length, timeMs }) => {
      const back = isBack(hash, buf, start, length);
      if (!back) gone.add(hash, buf, start, length, timeMs);
      else if (timeMs > 0) untimed.add(hash, buf, start, length, timeMs);
    });
    this.dead.push(...generation.dead);
  }

  /** Whether a key went that the engine may still have. */
  hasGone(hash: number, buf: Buffer, start: number, length: number): boolean {
    if (this.gone.has(hash, buf, start, length)) return true;
    return this.flushing?.gone.has(hash, buf, start, length) === true;
  }
}

/** Changes up to the moment when a flush began. */
export interface Generation {
  readonly dirty: HashList;
  readonly gone: Names;
  readonly untimed: Names;
  readonly dead: StoredElements[];
}
