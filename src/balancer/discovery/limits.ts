/** What discovery may take. What happens at each limit is said where it is used. */

/** Servers of one pool, from all sources together; as many as settings may list. */
export const MEMBERS_MAX = 4096;

/** A watched file, bytes. */
export const FILE_BYTES_MAX = 1024 * 1024;

/** Targets of SRV records that are looked up at a time. */
export const TARGETS_AT_ONCE = 16;

/** DNS is asked no more often than this for an answer that holds shorter, unless `every` says so. */
export const TTL_MIN_MS = 1_000;

/** After failures in a row a source is asked less and less often, but at least this often. */
export const RETRY_MAX_MS = 30_000;

/** What sources say within this time is made one change of the pool, which may cost milliseconds. */
export const GATHER_MS = 100;

/** How long a registration may hold without a heartbeat. */
export const REGISTRATION_TTL_MIN_MS = 1_000;
export const REGISTRATION_TTL_MAX_MS = 3_600_000;
