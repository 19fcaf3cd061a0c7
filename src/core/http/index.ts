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
export { Http2BodyReader } from './http2-body-reader.ts';
export { Http2BodySender } from './http2-body-sender.ts';
export { Http2Writer } from './http2-writer.ts';
export { Journey } from './journey.ts';
export { Output, type OutputTarget } from './output.ts';
export { RestingPool, wakePools } from './resting-pool.ts';
export { isHttps } from './scheme.ts';
export { SendStall } from './send-stall.ts';
export { type DoorWatch, type StageMaker, Stages } from './stages.ts';
export { type TurnEndListener, turnEndOf } from './turn-end.ts';
