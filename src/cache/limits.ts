/** Limits of the cache and what happens at each. */

/** Bytes of the fields of one stored response; a larger head is passed on and not stored. */
export const HEAD_BYTES_MAX = 65_536;
/** Resources that are objects of the heap; beyond them those that nobody asks for become records outside it. */
export const AWAKE_MAX = 16_384;
/** Bytes of memory for each of them, so that of little memory the heap takes little. */
export const BYTES_PER_AWAKE = 16_384;
/** Those that were asked for once only may take this part of them: what comes in a crowd dies young on the heap. */
export const NEW_SHARE = 1 / 128;
/** Variants of one resource; the one that was stored first leaves for another one. */
export const VARIANTS_MAX = 32;
/** Parts of one resource that are kept and do not meet; of more the oldest leaves. */
export const PARTS_PER_RESOURCE_MAX = 16;
/** Parts that meet are put together up to so many bytes, which are copied at once; longer ones stay apart. */
export const JOINED_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes of a slice at least: below, the requests for slices cost more than their bytes. */
export const SLICE_BYTES_MIN = 65_536;
/** Fetches under way for one resource that others may join; what does not fit goes to the origin by itself. */
export const FLIGHTS_PER_RESOURCE_MAX = 8;
/** Clients that wait for one fetch; another one goes to the origin by itself. */
export const WAITERS_MAX = 100_000;
/** Bytes of a body that is passed on and not stored which may wait for the slowest of its readers. */
export const RELAY_WINDOW_BYTES = 262_144;
/** Tags of one response; one with more is passed on and not stored, since purges by the others would miss it. */
export const TAGS_MAX = 256;
