/** What the simulator plays its traces on, and the set of keys in memory that samples are drawn from. */
import { Chance } from '../../tests/fuzz/kv/random.ts';

export interface Room {
  /** Keys that there are. */
  readonly keys: number;
  /** Keys that memory has room for. */
  readonly capacity: number;
}

export interface Policy {
  /** Notes an access; true: the key was in memory. It is from now on. */
  access(key: number, nowMs: number): boolean;
}

export type MakePolicy = (room: Room) => Policy;

/** Keys in memory in no order, with a random one at hand. */
export class Residents {
  count = 0;
  private readonly keys: Uint32Array;
  private readonly places: Int32Array;
  private readonly chance = new Chance(3);

  constructor({ keys, capacity }: Room) {
    this.keys = new Uint32Array(capacity + 8);
    this.places = new Int32Array(keys).fill(-1);
  }

  has(key: number): boolean {
    return (this.places[key] as number) >= 0;
  }

  add(key: number): void {
    this.places[key] = this.count;
    this.keys[this.count++] = key;
  }

  remove(key: number): void {
    const place = this.places[key] as number;
    const last = this.keys[--this.count] as number;
    this.keys[place] = last;
    this.places[last] = place;
    this.places[key] = -1;
  }

  random(): number {
    return this.keys[Math.floor(this.chance.unit() * this.count)] as number;
  }
}
