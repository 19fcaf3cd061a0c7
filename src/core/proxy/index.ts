/** The door of core/proxy: exchanges carried to servers. */
export type { Attempt } from './attempt.ts';
export { Forward, forward } from './forward.ts';
export type { AttemptOutcome, ForwardPlan, Target } from './plan.ts';
export { type ProxyFieldOptions, ProxyFields } from './proxy-fields.ts';
