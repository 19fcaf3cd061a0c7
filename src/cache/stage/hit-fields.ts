/**
 * The fields that a hit is given, Age and Cache-Status: made once for all hits that are as old and fresh for as long.
 *
 * Bound: so many of them; what meets in a slot takes turns, and costs what it would cost without a table.
 */
import { AddedFields, FieldId } from '../../core/wire/index.ts';

const SLOTS = 256;

/** The member of Cache-Status for what is fresh in the eyes of a cache, and how much longer. */
export function hitStatus(cache: string, ttlSeconds: number): string {
  return `${cache}; hit; ttl=${ttlSeconds}`;
}

class Slot extends AddedFields {
  ageSeconds = -1;
  ttlSeconds = 0;
}

export class HitFields {
  private readonly cache: string;
  private readonly slots: (Slot | undefined)[] = new Array(SLOTS).fill(undefined);

  /** @param cache its name in Cache-Status; empty: it says nothing there. */
  constructor(cache: string) {
    this.cache = cache;
  }

  /** @param ageSeconds whole, not negative. @param ttlSeconds whole. */
  of(ageSeconds: number, ttlSeconds: number): AddedFields {
    const at = (Math.imul(ageSeconds, 31) + ttlSeconds) & (SLOTS - 1);
    const slot = this.slots[at];
    if (slot?.ageSeconds === ageSeconds && slot.ttlSeconds === ttlSeconds) return slot;
    return this.make(slot ?? new Slot(), at, ageSeconds, ttlSeconds);
  }

  private make(slot: Slot, at: number, ageSeconds: number, ttlSeconds: number): AddedFields {
    const { cache } = this;
    const age = [FieldId.age, String(ageSeconds)] as const;
    const status = [FieldId.cacheStatus, hitStatus(cache, ttlSeconds)] as const;
    slot.set(cache === '' ? [age] : [age, status]);
    slot.ageSeconds = ageSeconds;
    slot.ttlSeconds = ttlSeconds;
    this.slots[at] = slot;
    return slot;
  }
}
