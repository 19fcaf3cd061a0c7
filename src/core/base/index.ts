/** No I/O: what every other folder may stand on. */
export { Bag, emptyList, type Placed } from './bag.ts';
export {
  compareBytes,
  copyBytes,
  equalBytes,
  hashBytes,
  inOwnMemory,
  ownBytes,
  ownCopy,
} from './bytes.ts';
export { crc32c } from './crc32c.ts';
export { InvariantError, invariant, unreachable } from './invariant.ts';
export { formatIp, parseIp } from './ip-address.ts';
export {
  type Network,
  type NetworkParsed,
  type NetworkProblem,
  Networks,
  networkProblemTable,
  parseNetwork,
  plainAddress,
} from './networks.ts';
export type {
  Operation,
  OperationAnswer,
  OperationCall,
  OperationDone,
  OperationLines,
  OperationRefused,
  OperationStream,
} from './operation.ts';
export { runAtOnce, runInTurns, STEP_BYTES, type Steps, type WorkDone } from './steps.ts';
export type { Listening, System, SystemState, SystemStatus } from './system.ts';
