/** Plinth's parsers over a stream of bytes, driven as a connection drives them. */
import {
  BodyKind,
  CHUNK_LIMITS,
  ChunkedDecoder,
  ChunkStep,
  encodeRequestHead,
  encodeResponseHead,
  type Fields,
  HEAD_LIMITS,
  HeadCollector,
  MethodId,
  parseRequestHead,
  parseResponseHead,
  problemOf,
  RequestHead,
  ResponseHead,
  TargetForm,
} from '../../../src/core/wire/index.ts';
import type { MessageView, Side, StreamView } from './view.ts';

/** Reads the pieces one after the other. Each is overwritten afterwards, as a shared read buffer is. */
export function readOurs(pieces: readonly Buffer[], side: Side): StreamView {
  const reader = new Reader(side);
  for (const piece of pieces) {
    const shared = Buffer.from(piece);
    reader.take(shared);
    shared.fill(0x21);
  }
  return { messages: reader.messages, end: reader.end };
}

/** Room for any head that was accepted. */
const out = Buffer.alloc(HEAD_LIMITS.headBytes * 2);

class Reader {
  readonly messages: MessageView[] = [];
  end = 'waiting';

  private readonly request = new RequestHead();
  private readonly response = new ResponseHead();
  private readonly side: Side;
  private readonly requestMethod: MethodId;
  private readonly collector: HeadCollector;
  private readonly chunks = new ChunkedDecoder();
  private current: MessageView | null = null;
  private body: BodyKind = BodyKind.none;
  private left = 0;

  constructor(side: Side) {
    this.side = side;
    const key = side.requestMethod.toLowerCase() as keyof typeof MethodId;
    this.requestMethod = MethodId[key];
    this.collector = new HeadCollector(HEAD_LIMITS.headBytes, (buf, start, end) =>
      this.parse(buf, start, end),
    );
  }

  take(buf: Buffer): void {
    let at = 0;
    while (at < buf.length && this.end === 'waiting') {
      at = this.current === null ? this.takeHead(buf, at) : this.takeBody(buf, at);
    }
  }

  private parse(buf: Buffer, start: number, end: number): number {
    return this.side.type === 'request'
      ? parseRequestHead(this.request, buf, start, end, HEAD_LIMITS)
      : parseResponseHead(this.response, buf, start, end, HEAD_LIMITS, this.requestMethod);
  }

  private takeHead(buf: Buffer, at: number): number {
    let taken = this.collector.size > 0 ? 0 : this.parse(buf, at, buf.length);
    if (taken === 0) taken = this.collector.take(buf, at, buf.length);
    if (taken < 0) {
      this.end = problemOf(taken).name;
      return buf.length;
    }
    if (taken === 0) return buf.length;
    this.begin();
    return at + taken;
  }

  private begin(): void {
    const head = this.side.type === 'request' ? this.request : this.response;
    head.retain();
    const { request, response } = this;
    const start =
      this.side.type === 'request'
        ? `${request.methodName()} ${request.target()} ${head.version}`
        : `${response.status} ${head.fields.text(response.reasonStart, response.reasonLength)} ${head.version}`;
    this.current = {
      start,
      method: this.side.type === 'request' ? request.methodName() : '',
      target: this.side.type === 'request' ? request.target() : '',
      fields: listed(head.fields),
      hostReplaced:
        this.side.type === 'request' &&
        (request.form === TargetForm.absolute || request.form === TargetForm.authority),
      keepAlive: head.keepAlive,
      upgrade: head.upgrade,
      body: '',
      trailers: [],
      complete: false,
      forwarded: this.forward(),
    };
    this.messages.push(this.current);
    this.body = head.body;
    this.left = head.contentLength;
    if (head.body === BodyKind.chunked) this.chunks.reset(CHUNK_LIMITS);
    if (head.body === BodyKind.none) this.finish();
  }

  /** The head without what belongs to its connection, encoded. Nothing reads the head's fields afterwards. */
  private forward(): string {
    const request = this.side.type === 'request';
    (request ? this.request : this.response).removeHopByHop();
    const end = request
      ? encodeRequestHead(out, 0, this.request)
      : encodeResponseHead(out, 0, this.response);
    return out.toString('latin1', 0, end);
  }

  private finish(): void {
    const message = this.current as MessageView;
    message.complete = true;
    this.current = null;
    const connect = this.side.type === 'request' && this.request.method === MethodId.connect;
    if (message.upgrade || connect) this.end = 'tunnel';
    else if (!message.keepAlive) this.end = 'over';
  }

  private takeBody(buf: Buffer, at: number): number {
    const message = this.current as MessageView;
    if (this.body === BodyKind.chunked) return this.takeChunks(message, buf, at);
    const length =
      this.body === BodyKind.untilClose ? buf.length - at : Math.min(this.left, buf.length - at);
    message.body += buf.toString('latin1', at, at + length);
    this.left -= length;
    if (this.body === BodyKind.length && this.left === 0) this.finish();
    return at + length;
  }

  private takeChunks(message: MessageView, buf: Buffer, at: number): number {
    const { chunks } = this;
    const step = chunks.step(buf, at, buf.length);
    if (step < 0) {
      this.end = problemOf(step).name;
      return buf.length;
    }
    if (step === ChunkStep.data) {
      message.body += buf.toString('latin1', chunks.dataStart, chunks.dataEnd);
    } else if (step === ChunkStep.done) {
      if (chunks.trailers !== null) message.trailers = listed(chunks.trailers);
      this.finish();
    }
    return chunks.at;
  }
}

/** All rows, removed ones too: what was dropped was parsed all the same. */
function listed(fields: Fields): [string, string][] {
  return Array.from({ length: fields.count }, (_, i) => [fields.name(i), fields.value(i)]);
}
