/** Resources that are awake, the one that has been longest without a look first: a ring that grows and shrinks. */
import type { Resource } from './resource.ts';

const SLOTS_MIN = 256;

export class RestingRing {
  size = 0;
  private slots: (Resource | null)[] = new Array(SLOTS_MIN).fill(null);
  private first = 0;

  push(resource: Resource): void {
    if (this.size === this.slots.length) this.fit(this.size * 2);
    this.slots[(this.first + this.size++) & (this.slots.length - 1)] = resource;
  }

  /** Takes the first out; there is one. */
  shift(): Resource {
    const { slots, first } = this;
    const resource = slots[first] as Resource;
    slots[first] = null;
    this.first = (first + 1) & (slots.length - 1);
    this.size--;
    if (slots.length > SLOTS_MIN && this.size * 8 < slots.length) this.fit(slots.length >> 1);
    return resource;
  }

  /** @param count a power of two. */
  private fit(count: number): void {
    const { slots, first } = this;
    const kept = [...slots.slice(first), ...slots.slice(0, first)].slice(0, this.size);
    this.slots = kept.concat(new Array(count - this.size).fill(null));
    this.first = 0;
  }
}
