/** The door of the purges: the ledger of what was purged, and who may purge how. */
export {
  decodePurge,
  encodePurge,
  type Purge,
  type PurgeKind,
  type PurgeVerdict,
} from './purge.ts';
export { type PurgeSettings, purgeFields } from './purge-fields.ts';
export { type PurgeHandlerOptions, purgeHandler } from './purge-handler.ts';
export { LEDGER_LIMITS, type LedgerLimits, ledgerLimitsFor, PurgeLedger } from './purge-ledger.ts';
export type { PurgeAsked } from './purge-plan.ts';
export { PurgeSweeper, type Swept, type SweptStore } from './purge-sweeper.ts';
export {
  type CarriedOutcome,
  type PurgeCarrier,
  PurgeCounts,
  type PurgeOutcome,
  type PurgeProblem,
  Purger,
  type PurgerOptions,
  type Purging,
  purgeProblemTable,
} from './purger.ts';
export { tagOfText, tagsOf } from './tags.ts';
