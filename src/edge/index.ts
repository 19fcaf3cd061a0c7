/** The door of the edge. */
export type { Explanation as NameExplanation } from './dns/index.ts';
export { edgeMetricTable } from './metrics.ts';
export type { EdgeStatus, PopStatus } from './operations.ts';
export type { PurgeReceipt } from './purge/index.ts';
export { createEdge, Edge, type EdgeContext } from './system.ts';
