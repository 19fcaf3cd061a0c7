/** What a parser made of a stream of bytes, in a form in which two parsers can be compared. */

/** Texts are bytes (latin1). */
export interface MessageView {
  /** Method or status, target or reason, version. */
  readonly start: string;
  /** What the message is about, for explanations: the method, the target; empty for responses. */
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The Host field was replaced by the authority of the target. */
  readonly hostReplaced: boolean;
  keepAlive: boolean;
  upgrade: boolean;
  body: string;
  trailers: readonly (readonly [name: string, value: string])[];
  complete: boolean;
  /** The head as a proxy would send it on. Ours only. */
  readonly forwarded?: string;
}

export interface StreamView {
  /** The last may be incomplete. */
  readonly messages: readonly MessageView[];
  /** `waiting` for more, `over` (nothing may follow), `tunnel`, or the name of what was wrong. */
  readonly end: string;
}

/** What is parsed: requests, or the responses to requests with one method. */
export interface Side {
  readonly type: 'request' | 'response';
  readonly requestMethod: string;
}

export const isRefusal = (view: StreamView): boolean =>
  view.end !== 'waiting' && view.end !== 'over' && view.end !== 'tunnel';
