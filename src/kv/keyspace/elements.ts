/**
 * Large values whose elements the engine on the disk has one by one: what such a value says of itself,
 * and what a flush gives it to write to.
 *
 * An element is what changes as a whole: a field, a member, a chunk of a list, a block of a stream. The
 * value names elements by numbers of its own (addresses, places), good until it changes.
 */
import type { Releasable } from './large-value.ts';

/** What is known of an element; each value keeps it in spare bits of the element's node. */
export const Status = {
  /** Changed since the last freeze, or the last but one; freezes take turns with the two. */
  even: 1,
  odd: 2,
  /** The engine has it: as it is, or from before it changed. */
  stored: 4,
} as const;

/** Takes what a value writes of itself. */
export interface ElementOut {
  u32(value: number): void;
  f64(value: number): void;
  raw(buf: Buffer, start: number, length: number): void;
}

/** Takes elements: the name of each first. */
export interface ElementNameOut extends ElementOut {
  name(buf: Buffer, start: number, length: number): void;
}

/** Gives back what ElementOut took; throws where there is less than is asked for. */
export interface ElementIn {
  readonly left: number;
  u32(): number;
  f64(): number;
  /** A view of `length` bytes, good until the next element. */
  raw(length: number): Buffer;
}

/** Where a flush writes the elements of one value. */
export interface ElementSink {
  /** Writes an element as it is. */
  save(element: number): void;
  /** Takes an element away that the engine may have. */
  remove(name: Buffer, start: number, length: number): void;
  /** Takes away all elements from a name on, before others are saved. */
  removeFrom(name: Buffer): void;
  /** All is written; `rest` is needed no more. */
  done(rest: Releasable | undefined): void;
}

/**
 * What of a value's elements the engine does not have yet.
 *
 *   noting --freeze--> writing --step ... --> noting
 *                      writing --unfreeze--> noting (what was not written is noted again)
 *
 * While a flush writes, an element that is about to change is saved first, as it was.
 */
export interface ElementChanges {
  /** A flush has still to write some of what had changed when it froze it. */
  readonly frozen: boolean;
  freeze(sink: ElementSink): void;
  /** Writes about `budget` elements; true when none is left: `sink.done` was called. */
  step(budget: number): boolean;
  /** The flush is given up. */
  unfreeze(): void;
  /** What has to be given back when the value goes. */
  rest(): Releasable | undefined;
}

/** How a large value is stored element by element. */
export interface Elements {
  /** Undefined while nobody needs to know what changes. */
  changes?: ElementChanges | undefined;
  /** Elements as they are stored. */
  readonly elementCount: number;
  /**
   * Notes what changes from here on. `loading`: until `loaded` what is added comes from the engine.
   * `doubtful`: the engine may have more of this value than what is loaded, from a flush that was cut
   * short; the next flush has to leave nothing of it.
   */
  beginChanges(loading: boolean, doubtful?: boolean): void;
  /** What was to be loaded is there; false: it is not what the head says. */
  loaded(): boolean;
  /** Nothing is noted any more; none of the elements counts as stored. */
  endChanges(): void;
  /** What belongs to the value as a whole, as of now. */
  writeHead(out: ElementOut): void;
  readHead(from: ElementIn): void;
  writeElement(element: number, out: ElementNameOut): void;
  readElement(name: Buffer, from: ElementIn): void;
}
