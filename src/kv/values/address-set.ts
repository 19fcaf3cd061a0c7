/**
 * Addresses that were drawn already: open addressing in one typed array, four to eight bytes an
 * address and nothing for the garbage collector to walk. Lives for one command.
 */
import type { Address } from '../memory/index.ts';

export class AddressSet {
  size = 0;
  private readonly slots: Uint32Array;
  private readonly mask: number;

  /** Room for `count` addresses; no more may be added. */
  constructor(count: number) {
    let slots = 16;
    while (slots < count * 1.5) slots *= 2;
    this.slots = new Uint32Array(slots);
    this.mask = slots - 1;
  }

  /** Adds an address; false when it was there. */
  add(address: Address): boolean {
    const { slots, mask } = this;
    let slot = (Math.imul(address, 0x9e3779b1) >>> 7) & mask;
    for (;;) {
      const there = slots[slot];
      if (there === address) return false;
      if (there === 0) {
        slots[slot] = address;
        this.size++;
        return true;
      }
      slot = (slot + 1) & mask;
    }
  }
}
