/**
 * Hashes of keys, in the order in which they were added: four bytes each, in chunks, so that growth
 * copies nothing. Says where to look, not what is there: a hash may stand for several keys, for none any
 * more, and more than once.
 */
const CHUNK_SHIFT = 14;
const CHUNK = 1 << CHUNK_SHIFT;

export class HashList {
  size = 0;
  private chunks: Uint32Array[] = [];

  add(hash: number): void {
    const index = this.size++;
    const chunk = index >>> CHUNK_SHIFT;
    if (chunk === this.chunks.length) this.chunks.push(new Uint32Array(CHUNK));
    this.chunks[chunk]![index & (CHUNK - 1)] = hash;
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
    return this.chunks.length * CHUNK * 4;
  }
}
