/**
 * The generator behind `math.random`: the 48-bit linear congruential generator of POSIX
 * `lrand48`, which Redis uses in scripts so that a script's numbers are the same everywhere.
 *
 * Invariant: the state is two halves of 24 bits, so that products stay exact in doubles.
 */
const MULTIPLIER_HIGH = 0x5de;
const MULTIPLIER_LOW = 0xece66d;
const INCREMENT = 0xb;
const HALF = 0x1000000;

export class Prng {
  private high = 0;
  private low = 0;

  constructor(seed = 0) {
    this.seed(seed);
  }

  /** `srand48`: the seed's 32 bits above a constant. */
  seed(seed: number): void {
    const bits = seed >>> 0;
    // 48 bits: seed, then 0x330e.
    this.high = bits >>> 8;
    this.low = ((bits & 0xff) << 16) | 0x330e;
  }

  /** `lrand48`: 31 bits. */
  next(): number {
    const low = this.low * MULTIPLIER_LOW + INCREMENT;
    const carry = Math.floor(low / HALF);
    const cross = this.low * MULTIPLIER_HIGH + this.high * MULTIPLIER_LOW + carry;
    this.low = low % HALF;
    this.high = cross % HALF;
    return this.high * 128 + (this.low >>> 17);
  }
}
