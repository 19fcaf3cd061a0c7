/** HyperLogLogs: strings that tell how many different elements were added, byte for byte as Redis. */
export { denseRegister } from './dense.ts';
export { estimateRegisters, estimateSketch, mergeSketch } from './estimate.ts';
export {
  cacheCardinality,
  cachedCardinality,
  DENSE_BYTES,
  forgetCardinality,
  HEADER_BYTES,
  isDense,
  isHyperLogLog,
  REGISTERS,
} from './format.ts';
export { eachRun } from './runs.ts';
export { Raised, Sketch } from './sketch.ts';
