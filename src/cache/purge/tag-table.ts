/**
 * The tags of stored responses as numbers, and when each was purged: a purge by tag is one write, whatever it names.
 *
 *     unknown ──idOf, mark──▶ idle ──retain──▶ used
 *        ▲                     │ ▲               │
 *        └──folded for room────┘ └────release────┘     and unknown at once when it was never purged
 *
 * Invariants: bounded by `tagsMax`, and what is idle by `nameBytesMax`; a tag in use keeps its number; of one that is not known the hash knows when it
 * was purged (hashed-marks.ts), so that no purge is forgotten. When all numbers are in use a further tag shares the
 * number of its hash.
 */
import { invariant } from '../../core/base/index.ts';
import { HashedMarks } from './hashed-marks.ts';
import type { PurgeVerdict } from './purge.ts';

/** What a tag takes beside its letters, about. */
const TAG_BYTES = 120;
const TAGS_AT_FIRST = 1024;

export class TagTable {
  /** Sequence of the last purge. */
  newest = 0;
  private readonly tagsMax: number;
  private readonly nameBytesMax: number;
  private readonly ids = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly free: number[] = [];
  /** Numbers that nothing uses, the one longest idle first. */
  private readonly idle = new Set<number>();
  private uses = new Uint32Array(TAGS_AT_FIRST);
  private hard = new Float64Array(TAGS_AT_FIRST);
  private soft = new Float64Array(TAGS_AT_FIRST);
  private readonly folded: HashedMarks;
  /** Uses of shared numbers. */
  private sharedUses = 0;
  private nameBytes = 0;

  /** @param nameBytesMax of all names together, beyond which none is kept that nothing uses. */
  constructor(tagsMax: number, nameBytesMax: number, foldedSlots: number) {
    this.tagsMax = tagsMax;
    this.nameBytesMax = nameBytesMax;
    this.folded = new HashedMarks(foldedSlots);
  }

  /** Tags that are known by name. */
  get size(): number {
    return this.ids.size;
  }

  /** About what it takes of memory. */
  get bytes(): number {
    return this.nameBytes + this.ids.size * TAG_BYTES + this.folded.bytes;
  }

  /** The number of a tag. It may become another tag's when others are asked for before it is retained. */
  idOf(tag: string): number {
    const known = this.ids.get(tag);
    if (known !== undefined) return known;
    const slot = this.folded.slotOf(tag);
    const id = this.takeId();
    if (id === -1) return this.tagsMax + slot;
    this.ids.set(tag, id);
    this.names[id] = tag;
    this.nameBytes += tag.length;
    this.uses[id] = 0;
    // Purges from when it was not known are there by their hash.
    this.hard[id] = this.folded.hardAt(slot);
    this.soft[id] = this.folded.softAt(slot);
    this.idle.add(id);
    return id;
  }

  /** The tag of a number; undefined for a shared one. */
  nameOf(id: number): string | undefined {
    return id < this.tagsMax ? this.names[id] : undefined;
  }

  retain(id: number): void {
    if (id >= this.tagsMax) {
      this.sharedUses++;
      return;
    }
    if (this.uses[id]!++ === 0) this.idle.delete(id);
  }

  release(id: number): void {
    if (id >= this.tagsMax) {
      this.sharedUses--;
      return;
    }
    invariant(this.uses[id]! > 0, 'a tag is released as often as it was retained');
    if (--this.uses[id]! > 0) return;
    const slot = this.folded.slotOf(this.names[id] as string);
    const isMarked =
      this.hard[id]! > this.folded.hardAt(slot) || this.soft[id]! > this.folded.softAt(slot);
    if (isMarked) this.idle.add(id);
    else this.forget(id);
  }

  /** How many use a tag, by its own number. */
  usesOf(tag: string): number {
    const id = this.ids.get(tag);
    return id === undefined ? 0 : this.uses[id]!;
  }

  mark(tag: string, seq: number, soft: boolean): void {
    this.newest = Math.max(this.newest, seq);
    const id = this.idOf(tag);
    if (id < this.tagsMax) {
      const marks = soft ? this.soft : this.hard;
      marks[id] = Math.max(marks[id]!, seq);
      // What is purged again and again stays known by name.
      if (this.idle.delete(id)) this.idle.add(id);
    }
    if (id >= this.tagsMax || this.sharedUses > 0) {
      this.folded.raise(this.folded.slotOf(tag), soft ? 0 : seq, soft ? seq : 0);
    }
  }

  /** What purges behind `seq` say of a tag. */
  verdictOn(id: number, seq: number): PurgeVerdict | undefined {
    const slot = id - this.tagsMax;
    if ((slot < 0 ? this.hard[id]! : this.folded.hardAt(slot)) > seq) return 'hard';
    return (slot < 0 ? this.soft[id]! : this.folded.softAt(slot)) > seq ? 'soft' : undefined;
  }

  /** A number that nobody has; -1: all are in use. */
  private takeId(): number {
    while (this.nameBytes > this.nameBytesMax && this.foldOldest());
    if (this.ids.size === this.tagsMax && !this.foldOldest()) return -1;
    const id = this.free.pop() ?? this.names.length;
    if (id === this.uses.length) this.grow();
    return id;
  }

  /** Makes room by the tag that is idle longest; false: all are in use. */
  private foldOldest(): boolean {
    const [oldest] = this.idle;
    if (oldest === undefined) return false;
    const slot = this.folded.slotOf(this.names[oldest] as string);
    this.folded.raise(slot, this.hard[oldest]!, this.soft[oldest]!);
    this.idle.delete(oldest);
    this.forget(oldest);
    return true;
  }

  private forget(id: number): void {
    const name = this.names[id] as string;
    this.ids.delete(name);
    this.nameBytes -= name.length;
    this.names[id] = '';
    this.free.push(id);
  }

  private grow(): void {
    const length = Math.min(this.uses.length * 2, this.tagsMax);
    const uses = new Uint32Array(length);
    uses.set(this.uses);
    this.uses = uses;
    const [hard, soft] = [new Float64Array(length), new Float64Array(length)];
    hard.set(this.hard);
    soft.set(this.soft);
    this.hard = hard;
    this.soft = soft;
  }
}
