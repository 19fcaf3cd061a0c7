/** The door of the purges: the ledger of what was purged, and who may purge how. */
export {
  decodePurge,
  encodePurge,
  type Purge,
  type PurgeKind,
  type PurgeVerdict,
} from './purge.ts';
export { hostOfUrl, LEDGER_LIMITS, type LedgerLimits, PurgeLedger } from './purge-ledger.ts';
export { PurgeSweeper, type Swept, type SweptStore } from './purge-sweeper.ts';
export { TAG_LENGTH_MAX, tagOfText, tagsOf } from './tags.ts';
