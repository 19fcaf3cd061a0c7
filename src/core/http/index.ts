/** Messages of HTTP between a server's side and a client's side: exchanges, bodies, output. */
export { type Answer, answer, httpDate } from './answer.ts';
export { BodyReader } from './body-reader.ts';
export { BodyWriter } from './body-writer.ts';
export {
  BULK_BODY_BYTES_MIN,
  BulkReads,
  bulkBuffersInUse,
  giveBulkBuffer,
  takeBulkBuffer,
} from './bulk-buffers.ts';
export { type ClientFacts, Exchange, type Handler } from './exchange.ts';
export type { BodySink, ResponseFlow, ResponseSink } from './flow.ts';
export { Journey } from './journey.ts';
export { Output, type OutputTarget } from './output.ts';
export { RestingPool, wakePools } from './resting-pool.ts';
