/** The door of core/proxy: exchanges carried to servers. */
export { type AttemptOutcome, Forward, type ForwardPlan, forward, type Target } from './forward.ts';
export { type ProxyFieldOptions, ProxyFields } from './proxy-fields.ts';
