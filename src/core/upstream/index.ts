/** The door of core/upstream: connections to servers behind us. */
export { type UpstreamFailure, type UpstreamFailureKey, upstreamFailures } from './failures.ts';
export { ORIGIN_LIMITS, Origin, type OriginLimits, type OriginOptions } from './origin.ts';
export type { UpstreamEvents, UpstreamRequest } from './request.ts';
