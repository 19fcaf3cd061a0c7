/** The door of the edge. */

export { type SignOptions, signCookie, signUrl } from './access/index.ts';
export { balancerWithEdge, type EdgeSettings, edgeConfig } from './config.ts';
export type { Explanation as NameExplanation } from './dns/index.ts';
export { Lab, LabError, type LabWanted, labDefaults, labText } from './lab/index.ts';
export { edgeMetricTable } from './metrics.ts';
export type { EdgeStatus, PopStatus } from './operations.ts';
export type { PurgeReceipt } from './purge/index.ts';
export { createEdge, Edge, type EdgeContext } from './system.ts';
