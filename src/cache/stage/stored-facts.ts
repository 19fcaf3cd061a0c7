/** What the policy wants to know of a stored response, read again from its fields: cold beside a plain hit. */
import { Fields } from '../../core/wire/index.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import {
  type Exchanged,
  freshnessLifetime,
  type HeuristicRules,
  initialAge,
  type ResponseFacts,
  readResponse,
  type StoredFreshness,
} from '../policy/index.ts';

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

/** Notes what the policy says of a response that has come or was validated. */
export function noteFreshness(
  stored: StoredResponse,
  facts: ResponseFacts,
  exchanged: Exchanged,
  heuristics: HeuristicRules,
): void {
  const { directives } = facts;
  stored.responseMs = exchanged.responseMs;
  stored.initialAgeSeconds = initialAge(facts, exchanged);
  stored.lifetimeSeconds = freshnessLifetime(facts, exchanged, heuristics).seconds;
  stored.invalidated = false;
  stored.onDisk = false;
  const asksEachTime =
    directives.has('no-cache') && directives.fieldNames('no-cache') === undefined;
  const leftSeconds = stored.lifetimeSeconds - stored.initialAgeSeconds;
  stored.freshUntilMs = asksEachTime ? 0 : exchanged.responseMs + leftSeconds * 1000;
}
