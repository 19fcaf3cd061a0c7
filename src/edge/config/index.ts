/** The door of the settings: what a process knows of a system that it does not run. */
export { balancerWithEdge, type EdgeSettings, edgeConfig } from './config.ts';
