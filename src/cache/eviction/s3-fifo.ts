/**
 * Which object leaves when memory is full: S3-FIFO, by bytes (Yang and others, "FIFO queues are all you need for
 * cache eviction", SOSP 2023, https://doi.org/10.1145/3600006.3613147).
 *
 *     new ──▶ small, a tenth ──used again──▶ main ◀──used since: round again──┐
 *               │ not used                    └────────────┴─ not used ─▶ gone
 *               └─▶ gone, its hash remembered; when it comes again: main
 *
 * A crowd of objects that are asked for once passes through the small queue and leaves the main one alone. A hit
 * writes one small number and moves nothing.
 */
import { Ghosts } from './ghosts.ts';
import { type Evictable, Queue } from './queue.ts';

/** Of all bytes, for objects that have not been used again yet. */
const SMALL_SHARE = 0.1;
/** Uses that are counted. */
const USES_MAX = 3;
/** Uses in the small queue behind which an object belongs to the main one. */
const USES_TO_STAY = 1;
/** Hashes remembered although there are fewer objects than that. */
const GHOSTS_MIN = 64;

export class S3Fifo {
  private readonly small = new Queue();
  private readonly main = new Queue();
  private readonly ghosts = new Ghosts();

  get count(): number {
    return this.small.count + this.main.count;
  }

  get bytes(): number {
    return this.small.bytes + this.main.bytes;
  }

  used(object: Evictable): void {
    if (object.uses < USES_MAX) object.uses++;
  }

  add(object: Evictable): void {
    object.uses = 0;
    if (this.ghosts.take(object.hash)) this.main.push(object);
    else this.small.push(object);
  }

  /** It leaves for another reason, and is not remembered. */
  remove(object: Evictable): void {
    object.queue?.remove(object);
  }

  /** The bytes of one have changed. */
  resize(object: Evictable, bytes: number): void {
    if (object.queue !== null) object.queue.bytes += bytes - object.bytes;
    object.bytes = bytes;
  }

  /** Takes out what is worth least; null: there is nothing. */
  evict(): Evictable | null {
    const { small, main } = this;
    if (small.count > 0 && (main.count === 0 || small.bytes >= this.bytes * SMALL_SHARE)) {
      const victim = this.evictSmall();
      if (victim !== null) return victim;
    }
    return this.evictMain();
  }

  /** Null: all of them were used again, and have moved on. */
  private evictSmall(): Evictable | null {
    for (let object = this.small.pop(); object !== null; object = this.small.pop()) {
      if (object.uses < USES_TO_STAY) {
        this.ghosts.add(object.hash, Math.max(GHOSTS_MIN, this.main.count));
        return object;
      }
      object.uses = 0;
      this.main.push(object);
    }
    return null;
  }

  private evictMain(): Evictable | null {
    for (let object = this.main.pop(); object !== null; object = this.main.pop()) {
      if (object.uses === 0) return object;
      object.uses--;
      this.main.push(object);
    }
    return null;
  }
}
