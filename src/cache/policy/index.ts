/** The door of the policy: what RFC 9111 and its kin say about storing and using responses, as pure functions. */
export {
  CODINGS,
  type Coding,
  type CodingWeights,
  codingWeights,
  normaliseAcceptEncoding,
} from './accept-encoding.ts';
export { normaliseAcceptLanguage } from './accept-language.ts';
export { cacheStatus, type ForwardReason, type Handled } from './cache-status.ts';
export { isNotModified, type StoredTimes } from './conditional.ts';
export { type Directives, NO_DIRECTIVES, parseCacheControl } from './directives.ts';
export {
  JITTER_SHARE_MAX,
  jitteredLifetime,
  type RefreshMoment,
  refreshesEarly,
} from './early-refresh.ts';
export {
  type Exchanged,
  freshnessLifetime,
  type HeuristicRules,
  initialAge,
  type Lifetime,
} from './freshness.ts';
export { parseHttpDate } from './http-date.ts';
export { invalidatedBy } from './invalidation.ts';
export { decideRange, type Part, type RangeDecision } from './ranges.ts';
export { type ResponseFacts, readResponse } from './response-facts.ts';
export {
  currentAge,
  decideReuse,
  mayServeOnError,
  type Reuse,
  type ReuseReason,
  type ReuseRules,
  reuseReasons,
  type StoredFreshness,
} from './reuse.ts';
export { lifetimeByStatus, type StatusLifetimes, statusLifetimes } from './status-lifetimes.ts';
export {
  type RequestFacts,
  type StoringRefusal,
  storingRefusals,
  whyNotStored,
} from './storing.ts';
export {
  isAbout,
  isWeak,
  NOT_FRESHENED,
  parseEntityTags,
  stronglyEqual,
  type Validators,
  validatorsOf,
  weaklyEqual,
} from './validation.ts';
export { type Normaliser, variantOf, varyNames } from './vary.ts';
