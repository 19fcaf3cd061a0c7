/**
 * One request of HTTP/2 on its stream, and the sending of its response. RFC 9113 section 8.1.
 *
 *     begin ─▶ head ─▶ data ... end ─▶ sent ─▶ the stream closes ─▶ complete
 *
 * Invariants: what the peer's windows do not let through waits here, one read of its source at most; a response
 * that is shorter or longer than it promised breaks the stream, so that nobody takes it for whole. Behind a whole
 * response the rest of the request is not wanted, and the client is told so (NO_ERROR) if it does not end by itself.
 *
 * A tunnel (CONNECT, RFC 8441) ends in each direction by itself.
 */
import {
  type BodySink,
  type ClientFacts,
  Exchange,
  Http2BodyReader,
  Http2BodySender,
} from '../../http/index.ts';
import {
  type AddedFields,
  BodyKind,
  type Fields,
  Http2ErrorCode,
  type Http2Stream,
  type ReadyResponse,
  type RequestHead,
  type ResponseHead,
} from '../../wire/index.ts';
import { hasSwitched, turnIntoConnected } from './extended-connect.ts';
import type { Http2ServerConnection } from './http2-connection.ts';
import type { RequestEnding } from './server.ts';

export class Http2Exchange extends Exchange {
  /** Swapped with the one that the connection reads into, so that no head is copied for nothing. */
  declare request: RequestHead;
  readonly body: Http2BodyReader<Http2Exchange> = new Http2BodyReader();
  readonly sender: Http2BodySender<Http2Exchange> = new Http2BodySender();
  /** The response's head has been sent. */
  begun = false;
  /** The response has been given whole; some of it may wait for the windows. */
  ended = false;
  /** What becomes of it when its stream closes. */
  ending: RequestEnding = 'complete';
  /** It is to become a tunnel, of a WebSocket with this key, and it has. */
  asksTunnel = false;
  webSocketKey = '';
  tunnel = false;
  /** Its body's sink will hear that the read is through. */
  isFed = false;
  /** Bytes of the body at the last tick, and since when they are as many. */
  seenBytes = 0;
  movedMs = 0;
  private connection: Http2ServerConnection | null = null;
  /** The same, for as long as somebody may ask where the request came from: until `reset`. */
  private home: Http2ServerConnection | null = null;
  private stream: Http2Stream<Http2Exchange> | null = null;

  get client(): ClientFacts {
    return this.home!.client;
  }

  get bodyEnded(): boolean {
    return this.body.ended;
  }

  get isOver(): boolean {
    return this.connection === null;
  }

  wallMs(): number {
    return this.home!.server.clock.wallMs();
  }

  /** Begins with a request on a stream. `end`: it has no body. */
  begin(
    connection: Http2ServerConnection,
    stream: Http2Stream<Http2Exchange>,
    startedMs: number,
    end: boolean,
  ): void {
    this.connection = connection;
    this.home = connection;
    this.stream = stream;
    this.startedMs = startedMs;
    this.movedMs = startedMs;
    this.body.begin(connection.http2, stream, end);
    stream.context = this;
  }

  /** The stream is another one's from now on. */
  detach(): void {
    this.connection = null;
    this.stream = null;
    this.body.detach();
    this.sender.stop();
  }

  /** Forgets everything, for the next request. */
  reset(): void {
    this.home = null;
    this.sink = this;
    this.flow = null;
    this.begun = false;
    this.ended = false;
    this.ending = 'complete';
    this.asksTunnel = false;
    this.webSocketKey = '';
    this.tunnel = false;
    this.seenBytes = 0;
    this.startedMs = 0;
    this.requestMs = 0;
    this.status = 0;
    this.route = '';
    this.server = '';
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.body.reset();
    this.request.reset();
    this.response.reset();
  }

  receive(sink: BodySink): void {
    if (this.connection === null) return;
    this.body.sink = sink;
    this.resumeBody();
  }

  resumeBody(): void {
    const { connection } = this;
    if (connection === null) return;
    this.body.resume();
    if (this.connection === connection) connection.bodyMoved(this);
  }

  interim(head: ResponseHead): void {
    // RFC 9113 section 8.6: no switch of protocols.
    if (this.begun || this.stream === null || head.status === 101) return;
    this.connection!.http2.sendInformational(this.stream, head);
    this.connection!.schedule();
  }

  head(head: ResponseHead, end: boolean): void {
    const { connection, stream } = this;
    if (connection === null || stream === null || this.begun) return;
    if (head.upgrade || this.asksTunnel) {
      // Any 2xx opens the tunnel for the client, so nothing else may have one.
      const opens = head.upgrade && this.asksTunnel && hasSwitched(head, this.webSocketKey);
      if (opens) {
        this.tunnel = true;
        turnIntoConnected(head);
      } else if (head.upgrade || (head.status >= 200 && head.status < 300)) {
        connection.switchFailed(this);
        return;
      }
    }
    this.begun = true;
    // The stream may close inside what follows, and the exchange with it.
    this.ended = end;
    this.status = head.status;
    const { http2 } = connection;
    const length = head.body === BodyKind.length ? head.contentLength : -1;
    if (!end) this.sender.begin(http2, connection.writer, stream, length);
    http2.sendResponse(stream, head, end);
    connection.schedule();
    if (end) this.whole();
  }

  override sendReady(ready: ReadyResponse, added: AddedFields): void {
    const { connection, stream } = this;
    if (connection === null || stream === null || this.begun) return;
    const { status, sentBytes } = this;
    // The stream closes inside what follows, and the exchange with it.
    this.begun = true;
    this.ended = true;
    this.status = ready.status;
    this.sentBytes = ready.bodyBytes;
    if (connection.http2.sendReady(stream, ready, added)) {
      connection.schedule();
      if (this.connection === connection) this.whole();
      return;
    }
    this.begun = false;
    this.ended = false;
    this.status = status;
    this.sentBytes = sentBytes;
    super.sendReady(ready, added);
  }

  data(bytes: Buffer, stays: boolean): boolean {
    const { connection, sender } = this;
    if (connection === null || !this.begun || this.ended) return true;
    this.sentBytes += bytes.length;
    const free = sender.data(bytes, stays);
    if (sender.isWrong) {
      this.abort();
      return true;
    }
    connection.schedule();
    return free;
  }

  end(trailers: Fields | null): void {
    const { connection, sender } = this;
    if (connection === null || !this.begun || this.ended) return;
    this.ended = true;
    sender.end(trailers);
    if (sender.isWrong) {
      this.abort();
      return;
    }
    connection.schedule();
    this.whole();
  }

  flush(): void {
    this.connection?.schedule();
  }

  abort(): void {
    const { connection, stream } = this;
    if (connection === null || stream === null) return;
    this.ending = this.ending === 'complete' ? 'response-aborted' : this.ending;
    connection.http2.reset(stream, Http2ErrorCode.internalError);
    connection.schedule();
  }

  /** The read is through. */
  onReadEnd(): void {
    this.isFed = false;
    this.body.sink?.flush();
  }

  /** The windows let more through. */
  onWritable(): void {
    if (this.sender.onWritable()) this.flow?.onDrain();
    else this.whole();
  }

  /** Closes the stream when the response is sent, whatever else the client means to send. */
  private whole(): void {
    const { connection, stream } = this;
    // The client may have ended its side before: then the stream is closed already.
    if (stream === null || connection === null || !stream.localEnded || this.tunnel) return;
    if (!stream.remoteEnded) connection.requestLeft(stream);
  }
}
