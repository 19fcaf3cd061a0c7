/** List values: packed in the record when small, chunks in a row when large. */
export { ListBuilder } from './builder.ts';
export {
  COUNT_BYTES,
  createList,
  dropEnd,
  type Element,
  each,
  elementOf,
  encodingOf,
  endElement,
  initEmpty,
  insertElement,
  type ListLimits,
  lengthOf,
  limitsOf,
  push,
  removeElements,
  setElement,
} from './form.ts';
export { LargeList } from './large-list.ts';
