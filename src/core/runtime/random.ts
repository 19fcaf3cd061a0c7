/**
 * Where chance enters. `node/` draws from the system's generator, `sim/` from a printed seed.
 */
export interface Random {
  /** Uniform in 0 .. 2^32 - 1. */
  u32(): number;
  /** Uniform in [0, 1), 53 bits. */
  float(): number;
  /** `count` bytes in a new buffer. */
  bytes(count: number): Buffer;
}
