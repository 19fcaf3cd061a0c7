/** What the policy wants to know of a stored response, read again from its fields: cold beside a plain hit. */
import type { Random } from '../../core/runtime/index.ts';
import { Fields } from '../../core/wire/index.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import {
  type Exchanged,
  freshnessLifetime,
  type HeuristicRules,
  initialAge,
  jitteredLifetime,
  lifetimeByStatus,
  type ResponseFacts,
  readResponse,
  type StoredFreshness,
} from '../policy/index.ts';
import type { LifetimeRule } from './lifetime-fields.ts';

const scratch = new Fields();

/** Its fields; valid until the next call. */
export function fieldsOf(stored: StoredResponse): Fields {
  scratch.reset();
  stored.readFields(scratch);
  return scratch;
}

export function factsOf(stored: StoredResponse): ResponseFacts {
  return readResponse(stored.status, fieldsOf(stored), stored.responseMs);
}

export function freshnessOf(stored: StoredResponse): StoredFreshness {
  const { lifetimeSeconds, initialAgeSeconds, responseMs, invalidated } = stored;
  const { directives } = factsOf(stored);
  return { lifetimeSeconds, initialAgeSeconds, responseMs, invalidated, directives };
}

/** What a rule says of lifetimes. */
export interface LifetimesOf {
  readonly heuristics: HeuristicRules;
  readonly lifetimes: LifetimeRule;
}

/** Notes what the policy says of a response that has come or was validated. */
export function noteFreshness(
  stored: StoredResponse,
  facts: ResponseFacts,
  exchanged: Exchanged,
  { heuristics, lifetimes }: LifetimesOf,
  random: Random,
): void {
  const { directives } = facts;
  stored.responseMs = exchanged.responseMs;
  stored.initialAgeSeconds = initialAge(facts, exchanged);
  const own = freshnessLifetime(facts, exchanged, heuristics);
  const seconds = lifetimeByStatus(facts, own, lifetimes.byStatus) ?? own.seconds;
  const { jitterShare } = lifetimes;
  stored.lifetimeSeconds =
    jitterShare === 0 ? seconds : jitteredLifetime(seconds, jitterShare, random.float());
  stored.fetchMs = Math.max(0, exchanged.responseMs - exchanged.requestMs);
  stored.invalidated = false;
  stored.onDisk = false;
  const asksEachTime =
    directives.has('no-cache') && directives.fieldNames('no-cache') === undefined;
  const leftSeconds = stored.lifetimeSeconds - stored.initialAgeSeconds;
  stored.freshUntilMs = asksEachTime ? 0 : exchanged.responseMs + leftSeconds * 1000;
}

/**
 * A soft purge: its lifetime is over. Unlike what is invalidated it may be served stale, where it allows that. Caches
 * that get it from us see that by its Age alone, so its age is from now on at least what they take for its lifetime.
 * @param nowMs when it was purged; `responseMs`, if nobody knows.
 */
export function makeStale(stored: StoredResponse, nowMs: number): void {
  const facts = factsOf(stored);
  const { responseMs, lifetimeSeconds } = stored;
  // Chance takes something off here (jitter) that it does not take off elsewhere.
  const said = freshnessLifetime(facts, { requestMs: responseMs, responseMs }, NO_HEURISTICS);
  const endSeconds = Math.ceil(Math.max(lifetimeSeconds, said.seconds));
  const ageSeconds = stored.initialAgeSeconds + Math.max(0, nowMs - responseMs) / 1000;
  const staleSeconds = Math.max(0, ageSeconds - lifetimeSeconds);
  // It begins anew at what it is now, so that no step of the clock makes it fresh again.
  stored.initialAgeSeconds = Math.max(ageSeconds, endSeconds);
  stored.responseMs = nowMs;
  stored.lifetimeSeconds = stored.initialAgeSeconds - staleSeconds;
  stored.freshUntilMs = 0;
}

const NO_HEURISTICS: HeuristicRules = { share: 0, secondsMax: 0 };
