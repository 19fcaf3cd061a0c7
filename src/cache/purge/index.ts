/** The door of the purges: the ledger of what was purged, and who may purge how. */
export {
  decodePurge,
  encodePurge,
  type Purge,
  type PurgeKind,
  type PurgeVerdict,
} from './purge.ts';
export { type PurgeSettings, purgeConflicts, purgeFields } from './purge-fields.ts';
export { type PurgeHandlerOptions, purgeHandler } from './purge-handler.ts';
export {
  hostOfUrl,
  LEDGER_LIMITS,
  type LedgerLimits,
  ledgerLimitsFor,
  PurgeLedger,
} from './purge-ledger.ts';
export { type PurgeAsked, planPurge } from './purge-plan.ts';
export { PurgeSweeper, type Swept, type SweptStore } from './purge-sweeper.ts';
export {
  ASKED_MAX,
  PurgeCounts,
  type PurgeOutcome,
  type PurgeProblem,
  Purger,
  type PurgerOptions,
  type Purging,
  purgeProblemTable,
} from './purger.ts';
export { Sweeping } from './sweeping.ts';
export { TAG_LENGTH_MAX, tagOfText, tagsOf } from './tags.ts';
