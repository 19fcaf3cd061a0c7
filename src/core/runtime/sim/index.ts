/** Seeded, hostile twins of the real clock, generator, disk, names and threads. */
export type { SimClock } from './clock.ts';
export { createSimClock } from './clock.ts';
export type { SimFault, SimOperation } from './disk.ts';
export { SimDisk, SimDiskError } from './disk.ts';
export type { SimRandom } from './random.ts';
export { createSimRandom } from './random.ts';
export { SimNames } from './resolver.ts';
export type { SimThreadsOptions } from './threads.ts';
export { createSimThreads } from './threads.ts';
