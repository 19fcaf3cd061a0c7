/** The door of core/proxy: exchanges carried to servers. */
export { Forward, type ForwardPlan, forward } from './forward.ts';
