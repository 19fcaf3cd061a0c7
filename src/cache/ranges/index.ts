/** The door of the ranges: parts of stored responses sent, kept and put together. */
export { coalesce } from './coalesce.ts';
export {
  becomeWhole,
  belongsTo,
  type PartialResponse,
  type PartRefusal,
  partRefusals,
  type ResponseTimes,
  readCutOff,
  readPartial,
  type StrongValidator,
  strongValidator,
} from './combining.ts';
export {
  type ContentRange,
  contentRangeOf,
  parseContentRange,
  unsatisfiedRange,
} from './content-range.ts';
export { becomePartial, type Framing, frameParts, plainPart } from './framing.ts';
export { PARTS_MAX, Parts } from './parts.ts';
export { type BodySource, PIECE_BYTES_MAX, RangeBody } from './range-body.ts';
export {
  REPLACED_FOR_SLICES,
  type Representation,
  rangeOfSlice,
  readSlice,
  type SliceAnswer,
} from './slice-response.ts';
export { planSlices, probeIndex, type SlicePlan, type SliceStep } from './slices.ts';
