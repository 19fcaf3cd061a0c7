/** Every bound of what is done with an authority, and why it is where it is. Times in milliseconds. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Names on one certificate; public authorities take no more. */
export const NAMES_MAX = 100;
/**
 * Orders within an hour, of all certificates. Public authorities take about three hundred in three hours; what is
 * above waits for its turn.
 */
export const ORDERS_PER_HOUR_MAX = 60;
export const ORDERS_WINDOW_MS: number = HOUR_MS;

/**
 * The wait after a first failure, and by how much each further one multiplies it: no more than five tries in the
 * first hour, the most that public authorities take for one name.
 */
export const FIRST_REST_MS: number = MINUTE_MS;
export const REST_FACTOR = 3;
export const REST_MS_MAX: number = DAY_MS;
/** Waits are longer by up to this share, so that what failed together does not come back together. */
export const REST_JITTER = 0.25;
/** How long an authority may make us wait by Retry-After. */
export const RETRY_AFTER_MS_MAX: number = 7 * DAY_MS;
/** After a success: longer than this no certificate waits that is due again at once, as under a wrong clock. */
export const REST_AFTER_SUCCESS_MS_MAX: number = DAY_MS;

/** The schedule looks at the clock of people so often at least, as that one may be set. */
export const LOOK_MS_MAX: number = HOUR_MS;

/** After a start other PoPs are given so long to tell what they hold, before an authority is asked. */
export const FIRST_LOOK_MS = 3_000;

/** For one request to the authority. */
export const REQUEST_MS_MAX = 30_000;
export const RESPONSE_BYTES_MAX: number = 1024 * 1024;
/** For the authority to validate an order, and for it to sign. */
export const ORDER_MS_MAX: number = 10 * MINUTE_MS;
/** Between two looks at an order, unless the authority names a time. */
export const FIRST_POLL_MS = 500;
export const POLL_MS_MAX = 10_000;

/** Other PoPs keep the answer to a challenge no longer than this. */
export const CHALLENGE_MS_MAX: number = 2 * ORDER_MS_MAX;
/** Answers to challenges that are kept at a time, ours and those of others. */
export const CHALLENGES_MAX = 1000;
/** What other PoPs may take to have noted a challenge; then it is tried without them. */
export const PUBLISH_MS_MAX = 5_000;

/** What stands in before the first certificate has come. */
export const PLACEHOLDER_MS: number = 365 * DAY_MS;
