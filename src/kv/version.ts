/** What the store says it is: to clients that ask for a version of Redis, and to people. */
import manifest from '../../package.json' with { type: 'json' };

/** The version of Redis whose behaviour clients may expect: HELLO, INFO and scripts tell it. */
export const COMPATIBLE_VERSION = '7.2.4';

export const PLINTH_VERSION = manifest.version;
