/** The door of compression: other codings of stored responses, who gets which, and the threads that make them. */
export { AcceptedCodings, type CodingChoice, type CodingsAtHand } from './choose-coding.ts';
export { CodedBodies, CodedBody } from './coded-bodies.ts';
export { becomeCoded, varyByEncoding } from './coded-head.ts';
export { codedTag, heldCoding, originTags } from './coded-tags.ts';
export { CodingWork } from './coding-work.ts';
export { type Compressed, Compressor, type CompressorWorld } from './compressor.ts';
export {
  type CompressionRefusal,
  codingOf,
  type StoredBody,
  whyNotCompressed,
} from './eligibility.ts';
export { CodingCounts, codingMetrics } from './metrics.ts';
export { type CodingSelected, selectCoding } from './select-coding.ts';
export {
  type CompressionSettings,
  type CompressorSettings,
  DEFAULT_COMPRESSION,
  DEFAULT_COMPRESSOR,
  type MadeCoding,
} from './settings.ts';
