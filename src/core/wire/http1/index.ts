/** HTTP/1.1 and HTTP/1.0 on the wire: strict parsers of heads and chunks, and their encoders. RFC 9112. */
export {
  CHUNK_END,
  CHUNK_SIZE_LINE_BYTES_MAX,
  encodeLastChunk,
  LAST_CHUNK,
  putChunkSize,
} from './chunk-encoder.ts';
export { ChunkedDecoder, ChunkStep, parseTrailers } from './chunked-decoder.ts';
export { HeadCollector, type HeadParse } from './head-collector.ts';
export {
  encodeFields,
  encodeRequestHead,
  encodeResponseHead,
  fieldsBytesMax,
  requestHeadBytesMax,
  responseHeadBytesMax,
} from './head-encoder.ts';
export {
  CHUNK_LIMITS,
  type ChunkLimits,
  EMPTY_LINES_MAX,
  HEAD_LIMITS,
  type HeadLimits,
} from './limits.ts';
export { encodeReadyResponse, readyResponseBytes } from './ready-encoder.ts';
export { skipEmptyLines } from './request-line.ts';
export { parseRequestHead } from './request-parser.ts';
export { parseResponseHead } from './response-parser.ts';
