/** What HTTP/1 and HTTP/2 share: fields, heads, methods, statuses, and what can be wrong with a message. */
export { readAuthority } from './authority.ts';
export {
  CLIENT_FIRST,
  CLIENT_LAST,
  FIELD_ID_COUNT,
  FieldId,
  FRAMING_LAST,
  fieldIdOf,
  lowerNameOf,
  wireNameOf,
} from './field-ids.ts';
export {
  ARENA_BASE,
  FIELD_STRIDE,
  type FieldLines,
  Fields,
  fieldLinesOf,
  lowerName,
  offsetIn,
  REMOVED,
} from './fields.ts';
export {
  equalsIgnoringCase,
  HEX_VALUE,
  HOST_BYTE,
  LOWER_CASE,
  TOKEN,
  VALUE_BYTE,
} from './grammar.ts';
export { BodyKind, LENGTH_UNKNOWN, MessageHead, Version } from './message-head.ts';
export {
  isIdempotent,
  isSafe,
  METHOD_BYTES_MAX,
  MethodId,
  methodIdOf,
  methodNameOf,
} from './methods.ts';
export {
  type HttpProblem,
  type HttpProblemKey,
  problemList,
  problemOf,
  problems,
  UPSTREAM_PROBLEM_STATUS,
} from './problems.ts';
export { AddedFields, nextFieldsId, type ReadyResponse } from './ready-response.ts';
export { NO_PORT, RequestHead, TargetForm } from './request-head.ts';
export { ResponseHead } from './response-head.ts';
export { isBodiless, reasonOf, statusLineOf } from './status.ts';
export { readTarget, targetEndOf } from './target.ts';
export { listHas, TokenList } from './tokens.ts';
export { sieveTrailers } from './trailers.ts';
