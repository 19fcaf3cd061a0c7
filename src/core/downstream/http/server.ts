/**
 * What the connections of one HTTP listener have in common: limits, the handler, the pool of exchanges, and who
 * is told of each request's end. Limits and handler are swapped whole by a live change.
 */
import type { Exchange, Handler } from '../../http/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { HttpProblem } from '../../wire/index.ts';
import type { HttpLimits } from './limits.ts';

/** Why a request came to its end. */
export type RequestEnding =
  | 'complete'
  /** The client went before it had the whole response. */
  | 'client-aborted'
  /** The response could not be completed. */
  | 'response-aborted'
  | 'refused'
  | 'head-timeout'
  | 'body-timeout'
  | 'send-timeout'
  | 'request-timeout';

export interface HttpServerEvents {
  /** A request is over; the exchange is reused behind this call. */
  onRequestEnd(exchange: Exchange, ending: RequestEnding): void;
  /** A message that is no request was answered and its connection closed. */
  onRefused(problem: HttpProblem): void;
}

export interface HttpServer {
  readonly clock: Clock;
  limits: HttpLimits;
  handler: Handler;
  readonly events: HttpServerEvents;
}
