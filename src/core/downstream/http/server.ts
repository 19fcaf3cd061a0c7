/**
 * What the connections of one HTTP listener have in common: limits, the handler, whom to believe, and who is told
 * of each request's end. A live change swaps limits and handler whole and sets the flags; requests (and for the
 * PROXY protocol and the connections per address: connections) that begin from then on follow it.
 */
import { type Answer, answer, type Exchange, type Handler } from '../../http/index.ts';
import type { Clock, Random } from '../../runtime/index.ts';
import type { HttpProblem } from '../../wire/index.ts';
import type { HttpLimits } from './limits.ts';

/** Why a request came to its end. */
export const requestEndingTable = {
  complete: 'the client was sent the whole response',
  'client-aborted': 'the client went before it had the whole response',
  'response-aborted': 'the response could not be completed',
  refused: 'what came was no request, or more than a request may be',
  'head-timeout': 'the head of the request did not come in time',
  'body-timeout': 'nothing came of the body for too long',
  'send-timeout': 'the client took nothing of the response for too long',
  'request-timeout': 'the request took too long as a whole',
  'tunnel-idle': 'nothing went through the tunnel for too long',
} as const;

export type RequestEnding = keyof typeof requestEndingTable;

export interface HttpServerEvents {
  /** A request is over; the exchange is reused behind this call. */
  onRequestEnd(exchange: Exchange, ending: RequestEnding): void;
  /** A message that is no request was answered and its connection closed. */
  onRefused(problem: HttpProblem): void;
  /** Whether the connection of a client at this address is taken; asked once for each. Absent: all are. */
  admits?(address: string): boolean;
}

/** A request that the handler never had, or has not answered in time. */
export interface HttpRefusal {
  readonly status: number;
  /** A sentence for people. */
  readonly says: string;
}

/**
 * Makes the answer to a refusal in the manner of its protocol. Of a request that could not be read the exchange's
 * `request` is empty.
 */
export type RefusalAnswer = (exchange: Exchange, refusal: HttpRefusal) => Answer;

/** Answers a refusal, as the listener has it or in a line of text. */
export function answerRefusal(
  { refusalAnswer }: HttpServer,
  exchange: Exchange,
  refusal: HttpRefusal,
): void {
  answer(exchange, refusalAnswer === null ? refusal : refusalAnswer(exchange, refusal));
}

export interface HttpServer {
  readonly clock: Clock;
  /** For keys of WebSockets that come by HTTP/2; null: none can. */
  readonly random: Random | null;
  limits: HttpLimits;
  handler: Handler;
  /** Null: a line of text. */
  readonly refusalAnswer: RefusalAnswer | null;
  /** CONNECT goes to the handler; otherwise it is answered with 501. */
  allowConnect: boolean;
  /** Connections without TLS that begin with the preface of HTTP/2 speak it. */
  http2Cleartext: boolean;
  /** Connections from addresses in `trusts` begin with a PROXY protocol header, others do not. */
  proxyProtocol: boolean;
  /** Whether what a client at this address says of other clients is believed. */
  trusts(address: string): boolean;
  readonly events: HttpServerEvents;
}
