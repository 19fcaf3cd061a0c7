/** Client-side caching. */
export { TrackingTable } from './table.ts';
export { Tracking, type TrackingOptions } from './tracking.ts';
