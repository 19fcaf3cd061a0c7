/**
 * One request of HTTP/1 on its connection, and the writing of its response.
 *
 *     begin ─▶ head ─▶ data ... end ─▶ complete      (RFC 9112; one at a time a connection)
 *
 * Invariants: the response's framing is what the client's version can read, and the fields agree with it; a
 * response that is shorter or longer than it promised breaks the connection, so that nobody takes it for whole.
 *
 * A tunnel (101, or 2xx to CONNECT) ends in each direction by itself.
 */
import { type BodySink, BodyWriter, type ClientFacts, Exchange } from '../../http/index.ts';
import {
  type AddedFields,
  BodyKind,
  encodeReadyResponse,
  encodeResponseHead,
  FieldId,
  type Fields,
  isBodiless,
  MethodId,
  type ReadyResponse,
  type ResponseHead,
  readyResponseBytes,
  responseHeadBytesMax,
  Version,
} from '../../wire/index.ts';
import type { Http1Connection } from './http1-connection.ts';

const CLOSE = Buffer.from('Connection: close\r\n', 'latin1');
const KEEP_ALIVE = Buffer.from('Connection: keep-alive\r\n', 'latin1');
/** Room for nearly every head, so that its size is not counted beforehand. */
const HEAD_ROOM_BYTES = 4096;
const UPGRADE = Buffer.from('Connection: upgrade\r\n', 'latin1');

export class Http1Exchange extends Exchange {
  /** Takes the request's body; null while nobody does. */
  body: BodySink | null = null;
  /** The connection may have another request after this one. */
  keepAlive = true;
  /** The response's head has been written. */
  begun = false;
  /** The response is whole. */
  ended = false;
  /** The client has left HTTP with this request. */
  tunnel = false;
  /** The response ends with its connection, so that a break looks like an end. */
  endsByClose = false;
  private connection: Http1Connection | null = null;
  private readonly writer = new BodyWriter();

  get client(): ClientFacts {
    return this.connection!.client;
  }

  get bodyEnded(): boolean {
    return this.connection!.bodyEnded;
  }

  get isOver(): boolean {
    return this.connection === null;
  }

  wallMs(): number {
    return this.connection!.server.clock.wallMs();
  }

  /** Begins with a request whose head has been parsed. */
  begin(connection: Http1Connection, startedMs: number, keepAlive: boolean): void {
    this.connection = connection;
    this.startedMs = startedMs;
    this.keepAlive = keepAlive;
  }

  /** Forgets everything, for the next request. */
  reset(): void {
    this.connection = null;
    this.sink = this;
    this.flow = null;
    this.body = null;
    this.begun = false;
    this.ended = false;
    this.tunnel = false;
    this.endsByClose = false;
    this.startedMs = 0;
    this.requestMs = 0;
    this.status = 0;
    this.route = '';
    this.server = '';
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.request.reset();
    if (this.response.status !== 0) this.response.reset();
  }

  receive(sink: BodySink): void {
    this.body = sink;
    this.connection?.bodyWanted();
  }

  resumeBody(): void {
    this.connection?.bodyWanted();
  }

  interim(head: ResponseHead): void {
    // RFC 9110 section 15.2: HTTP/1.0 has no such responses.
    if (this.connection === null || this.begun || this.request.version === Version.http10) return;
    this.put(head, null);
    this.flush();
  }

  head(head: ResponseHead, end: boolean): void {
    const { connection, writer } = this;
    if (connection === null || this.begun) return;
    this.begun = true;
    this.status = head.status;
    if (head.upgrade) {
      this.tunnel = true;
      this.endsByClose = true;
      this.keepAlive = false;
      writer.begin(BodyKind.untilClose, 0);
      this.put(head, head.status === 101 ? UPGRADE : null);
      connection.beginTunnel();
      return;
    }
    if (end) this.frameNothing(head);
    else this.frame(head);
    if (this.keepAlive && !connection.mayGoOn()) this.keepAlive = false;
    writer.begin(end ? BodyKind.none : head.body, head.contentLength);
    this.put(head, this.lastsLine());
    if (end) this.complete();
  }

  /** What the client must be told of whether the connection lasts. */
  private lastsLine(): Buffer | null {
    if (!this.keepAlive) return CLOSE;
    return this.request.version === Version.http10 ? KEEP_ALIVE : null;
  }

  override sendReady(ready: ReadyResponse, added: AddedFields): void {
    const { connection } = this;
    if (connection === null || this.begun) return;
    this.begun = true;
    this.status = ready.status;
    this.sentBytes = ready.bodyBytes;
    if (this.keepAlive && !connection.mayGoOn()) this.keepAlive = false;
    const extra = this.lastsLine();
    const { output } = connection;
    output.room(readyResponseBytes(ready, added, extra));
    output.end = encodeReadyResponse(output.buf, output.end, ready, added, extra);
    this.complete();
    connection.flush();
  }

  data(bytes: Buffer, stays: boolean): boolean {
    const { connection } = this;
    if (connection === null || !this.begun || this.ended) return true;
    this.sentBytes += bytes.length;
    const free = this.writer.data(connection.output, bytes, stays);
    if (this.writer.left < 0) {
      this.abort();
      return true;
    }
    return free && connection.bufferedBytes === 0;
  }

  end(trailers: Fields | null): void {
    const { connection, writer } = this;
    if (connection === null || !this.begun || this.ended) return;
    if (writer.isShort) {
      this.abort();
      return;
    }
    if (this.tunnel) {
      this.ended = true;
      connection.tunnelSent();
      return;
    }
    writer.end(connection.output, trailers);
    this.complete();
  }

  flush(): void {
    this.connection?.flush();
  }

  abort(): void {
    this.connection?.responseAborted();
  }

  private complete(): void {
    this.ended = true;
    this.connection!.responseEnded();
  }

  private put(head: ResponseHead, extra: Buffer | null): void {
    const { output } = this.connection!;
    output.room(HEAD_ROOM_BYTES);
    let end = encodeResponseHead(output.buf, output.end, head, extra);
    if (end === -1) {
      output.room(responseHeadBytesMax(head, extra));
      end = encodeResponseHead(output.buf, output.end, head, extra);
    }
    output.end = end;
  }

  /** No body: RFC 9112 section 6.3 says where the message ends, and the fields may not say otherwise. */
  private frameNothing(head: ResponseHead): void {
    const { fields, status } = head;
    fields.removeAll(FieldId.transferEncoding);
    // What a GET would have had, RFC 9110 section 8.6.
    if (isBodiless(status) || this.request.method === MethodId.head) return;
    head.setBody(BodyKind.length, 0);
  }

  private frame(head: ResponseHead): void {
    if (head.body === BodyKind.length) return;
    if (this.request.version === Version.http10) {
      head.setBody(BodyKind.untilClose);
      this.keepAlive = false;
      this.endsByClose = true;
    } else {
      head.setBody(BodyKind.chunked);
    }
  }
}
