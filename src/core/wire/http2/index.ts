/** HTTP/2 (RFC 9113) with HPACK (RFC 7541): one connection's state machine, either side, without I/O. */
export { Http2Connection } from './connection.ts';
export { ErrorCode as Http2ErrorCode, PREFACE as HTTP2_PREFACE } from './constants.ts';
export { type Http2Handler, Http2Shared } from './handler.ts';
export { HpackEncoder } from './hpack/encoder.ts';
export { type Http2Limits, limitsDefault as http2LimitsDefault } from './limits.ts';
export { BlockPool, Output as Http2Output } from './output.ts';
export { type Http2Problem, http2ProblemTable, type ProblemRow } from './problems.ts';
export type { Http2Options } from './sender.ts';
export { Http2Stream } from './stream.ts';
export { writeResponseHead as writeHttp2ResponseHead } from './write-head.ts';
