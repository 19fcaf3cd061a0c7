/** The door of the balancer. */
export { type BalancerSettings, balancerConfig } from './config/config.ts';
export { Balancer, type BalancerContext, createBalancer } from './system.ts';
