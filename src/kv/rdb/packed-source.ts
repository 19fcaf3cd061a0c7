/**
 * The compact encodings (listpack, ziplist, zipmap, intset) are one string
 * holding a flat run of elements. Each has a reader of this shape, so lists,
 * sets, hashes and sorted sets are read the same way from all of them.
 *
 * A source checks its own structure as it goes and stops the reader with a
 * fault; it never reads outside its string.
 */
export interface PackedSource {
  /** Elements as the header claims them, no more than the string could hold. */
  readonly countHint: number;
  /** Whether all elements were taken. At the end it checks the closing structure. */
  done(): boolean;
  /** The next element as text; integers in their decimal spelling. */
  takeBytes(): Buffer;
}
