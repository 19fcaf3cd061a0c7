/** Protection against attacks: limits, blocks, tasks, and who is let in at all. */
export type { GeoLookup, Whereabouts } from './geo-lookup.ts';
export { Guard, type GuardContext } from './guard.ts';
export {
  type GuardRuleSettings,
  type GuardSettings,
  guardConflicts,
  guardFields,
} from './guard-fields.ts';
export { guardMetrics, type ObservedGuard } from './guard-metrics.ts';
export { guardOperations } from './guard-operations.ts';
export type { GuardShown, TalkerShown } from './guard-shown.ts';
export {
  type DoorMitigation,
  doorTable,
  type Misdeed,
  type Mitigation,
  misdeedTable,
  mitigationTable,
} from './reasons.ts';
