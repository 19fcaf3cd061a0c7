/** The real clock, generator, disk, network, names, threads and processes of this machine. */
export { createNodeClock } from './clock.ts';
export { coreCount } from './cores.ts';
export { createNodeDisk } from './disk.ts';
export { boundMemory } from './memory-bounds.ts';
export { createNodeNetwork } from './network.ts';
export { createNodeRandom } from './random.ts';
export { createNodeNames } from './resolver.ts';
export { createNodeSpawn } from './spawn.ts';
export { createNodeThreads } from './threads.ts';
export { createNodeTransport } from './transport.ts';
