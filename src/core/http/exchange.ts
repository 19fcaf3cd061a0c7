/**
 * One request and its response, whatever the version of HTTP and wherever the response comes from: what every
 * stage of a route's pipeline is given.
 *
 *     begun ──Handler──▶ a stage answers into `sink`, or forwards: `receive` the body, `head`, `data`, `end`
 *       └── the client goes ──▶ `flow.onAbort`, `body.abort` ──▶ over
 *
 * Invariants: exactly one response is sent, or the exchange is aborted; behind either nothing more is called.
 * Exchanges are pooled: whoever holds one over several events lets it go when it is over. `request` is valid
 * until then: what its connection reads next does not touch it.
 */
import type { PeerCertificate } from '../runtime/index.ts';
import {
  type AddedFields,
  BodyKind,
  type FieldLines,
  type Fields,
  type ReadyResponse,
  RequestHead,
  ResponseHead,
} from '../wire/index.ts';
import type { BodySink, ResponseFlow, ResponseSink } from './flow.ts';
import { Journey } from './journey.ts';

/** Decides about an exchange; a stage is a function from the next handler to its own. */
export type Handler = (exchange: Exchange) => void;

/** What is known of the client's connection. */
export interface ClientFacts {
  /** Where the request came from; with the PROXY protocol what that says. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly encrypted: boolean;
  /** SNI; empty when there is none. */
  readonly serverName: string;
  /** What it says of other clients (X-Forwarded-For and its kin) is believed. */
  readonly isTrusted: boolean;
  /** `remoteAddress` as bytes, made once. */
  readonly addressBytes: Buffer;
  /** What servers are told of it alike with each request; `by` whom, who keeps it here. */
  told?: { readonly by: object; readonly lines: FieldLines } | undefined;
  peerCertificate(): PeerCertificate | undefined;
}

export abstract class Exchange implements ResponseSink {
  readonly request: RequestHead = new RequestHead();
  /** For whoever answers without a response of its own to pass on. */
  readonly response: ResponseHead = new ResponseHead();
  /** Where the response goes: the client, or what a stage has put in front of it. */
  sink: ResponseSink = this;
  /** Who produces the response. */
  flow: ResponseFlow | null = null;
  /** When its head was complete, monotonic milliseconds. */
  startedMs = 0;
  /** For the whole of it, milliseconds; 0: as long as the listener allows. */
  requestMs = 0;
  /** Status sent to the client; 0 before. */
  status = 0;
  /** What the request was decided on, for logs: names of the route and of the server that answered. */
  route = '';
  server = '';
  readonly journey: Journey = new Journey();
  /** Bytes of the bodies so far. */
  receivedBytes = 0;
  sentBytes = 0;

  abstract readonly client: ClientFacts;
  /** The request's body has come to its end, or there is none. */
  abstract readonly bodyEnded: boolean;
  /** The client is gone or was let go. */
  abstract readonly isOver: boolean;

  /** For dates in answers. */
  abstract wallMs(): number;
  /** Names who takes the request's body. Called once; without it the body is discarded. */
  abstract receive(sink: BodySink): void;
  /** The sink that answered false takes more. */
  abstract resumeBody(): void;

  /**
   * Sends a whole response to GET past `sink`: only for whoever finds that nothing stands before the client, so that
   * `sink` is the exchange itself.
   */
  sendReady(ready: ReadyResponse, added: AddedFields): void {
    const { response: head } = this;
    head.reset();
    head.status = ready.status;
    ready.readFields(head.fields);
    added.addTo(head.fields);
    head.body = BodyKind.length;
    head.contentLength = ready.bodyBytes;
    this.head(head, false);
    const { buffer, bodyStart, bodyBytes } = ready;
    this.data(buffer.subarray(bodyStart, bodyStart + bodyBytes), false);
    this.end(null);
    this.flush();
  }

  abstract interim(head: ResponseHead): void;
  abstract head(head: ResponseHead, end: boolean): void;
  abstract data(bytes: Buffer, stays: boolean): boolean;
  abstract end(trailers: Fields | null): void;
  abstract flush(): void;
  /** The response can not be completed: the client must not take what it has for whole. */
  abstract abort(): void;
}
