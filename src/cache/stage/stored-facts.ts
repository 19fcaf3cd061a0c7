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
