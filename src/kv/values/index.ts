/** Values of all types by one set of functions: each asks the folder of the type. */
export { copyValue } from './copy.ts';
export { encodingOf, lengthOf, memoryUsage } from './describe.ts';
export { DIGEST_OF_NOTHING, digestDatabases, digestValue } from './digest.ts';
export { dumpValue } from './dump.ts';
export { newLarge } from './large.ts';
export { ValueLoader } from './loader.ts';
