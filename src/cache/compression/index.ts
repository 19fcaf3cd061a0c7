/** The door of compression: other codings of stored responses, who gets which, and the threads that make them. */
export { BodyDecoder, type BodyDecoderEvents } from './body-decoder.ts';
export {
  AcceptedCodings,
  type CodingChoice,
  type CodingsAtHand,
  codingFor,
} from './choose-coding.ts';
export { CodedBodies, CodedBody } from './coded-bodies.ts';
export { becomeCoded, varyByEncoding } from './coded-head.ts';
export { codedTag, codingOfTag, heldCoding, originTags } from './coded-tags.ts';
export { CodingWork } from './coding-work.ts';
export { type Compressed, Compressor, type CompressorWorld, GAIN_SHARE } from './compressor.ts';
export {
  type CompressionRefusal,
  codingOf,
  compressionRefusals,
  type StoredBody,
  whyNotCompressed,
} from './eligibility.ts';
export { CodingCounts, codingMetrics } from './metrics.ts';
export { type CodingSelected, selectCoding } from './select-coding.ts';
export {
  type CompressionSettings,
  type CompressorSettings,
  compressionFields,
  compressorFields,
  DEFAULT_COMPRESSION,
  DEFAULT_COMPRESSOR,
  levelOf,
  type MadeCoding,
} from './settings.ts';
