/**
 * Hashes of keys, in the order in which they were added: four bytes each, in chunks, so that growth
 * copies nothing beyond the first. Says where to look, not what is there: a hash may stand for several
 * keys, for none any more, and more than once.
 */
const CHUNK_SHIFT = 14;
const CHUNK = 1 << CHUNK_SHIFT;
/** The first chunk begins small: most lists stay short. */
const FIRST = 16;

export class HashList {
  size = 0;
  private chunks: Uint32Array[] = [];
  /** Hashes that there is room for. */
  private room = 0;

  add(hash: number): void {
    const index = this.size++;
    if (index >= this.room) this.grow(index);
    this.chunks[index >>> CHUNK_SHIFT]![index & (CHUNK - 1)] = hash;
  }

  private grow(index: number): void {
    if (index >= CHUNK) {
      this.chunks.push(new Uint32Array(CHUNK));
      this.room += CHUNK;
      return;
    }
    const larger = new Uint32Array(Math.max(FIRST, index * 4));
    if (index > 0) larger.set(this.chunks[0]!);
    this.chunks[0] = larger;
    this.room = larger.length;
  }

  at(index: number): number {
    return this.chunks[index >>> CHUNK_SHIFT]![index & (CHUNK - 1)] as number;
  }

  /** Copies up to `into.length` hashes from `index` on; returns how many there were. */
  read(index: number, into: Uint32Array): number {
    const count = Math.min(into.length, this.size - index);
    for (let i = 0; i < count; i++) into[i] = this.at(index + i);
    return count;
  }

  get bytes(): number {
    return this.room * 4;
  }
}
