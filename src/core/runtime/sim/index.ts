/** Seeded, hostile twins of the real clock, generator and disk. */
export type { SimClock } from './clock.ts';
export { createSimClock } from './clock.ts';
export type { SimFault, SimOperation } from './disk.ts';
export { SimDisk, SimDiskError } from './disk.ts';
export type { SimRandom } from './random.ts';
export { createSimRandom } from './random.ts';
