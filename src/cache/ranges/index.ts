/** The door of the ranges: parts of stored responses sent, kept and put together. */
export { coalesce } from './coalesce.ts';
export {
  becomeWhole,
  belongsTo,
  type PartialResponse,
  type PartRefusal,
  type ResponseTimes,
  readPartial,
  type StrongValidator,
} from './combining.ts';
export {
  type ContentRange,
  contentRangeOf,
  parseContentRange,
  unsatisfiedRange,
} from './content-range.ts';
export { becomePartial, type Framing, frameParts, plainPart } from './framing.ts';
export { type BodySource, RangeBody } from './range-body.ts';
export {
  REPLACED_FOR_SLICES,
  type Representation,
  rangeOfSlice,
  readSlice,
  type SliceAnswer,
} from './slice-response.ts';
export { planSlices, probeIndex, type SlicePlan, type SliceStep } from './slices.ts';
