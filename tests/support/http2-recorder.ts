/**
 * An owner of HTTP/2 connections that writes down what it is told, for tests. Octets of bodies are taken at
 * once unless `taking` is off.
 */
import {
  type Fields,
  Http2Connection,
  type Http2Handler,
  type Http2Limits,
  type Http2Problem,
  Http2Shared,
  type Http2Stream,
  http2LimitsDefault,
  methodIdOf,
  RequestHead,
  ResponseHead,
  readAuthority,
  readTarget,
} from '../../src/core/wire/index.ts';

export interface Exchange {
  readonly id: number;
  head: string;
  fields: string[];
  body: Buffer[];
  trailers: string[] | undefined;
  informational: number[];
  ended: boolean;
  closed: boolean;
  reset: number | undefined;
}

export function fieldTexts(fields: Fields): string[] {
  const texts: string[] = [];
  for (let i = 0; i < fields.count; i++) {
    if (!fields.isRemoved(i)) texts.push(`${fields.name(i)}: ${fields.value(i)}`);
  }
  return texts;
}

export class Http2Recorder implements Http2Handler<Exchange> {
  readonly connection: Http2Connection<Exchange>;
  readonly shared = new Http2Shared<Exchange>(new RequestHead(), new ResponseHead());
  readonly exchanges = new Map<number, Exchange>();
  readonly problems: [Http2Problem, number][] = [];
  readonly events: string[] = [];
  goaway: [number, number] | undefined;
  settings = 0;
  pongs = 0;
  taking = true;
  /** What to do on the events that need an answer. */
  onRequestDo: (stream: Http2Stream<Exchange>, exchange: Exchange, end: boolean) => void = () => {};
  onEndDo: (stream: Http2Stream<Exchange>, exchange: Exchange) => void = () => {};
  onWritableDo: (stream: Http2Stream<Exchange>) => void = () => {};
  onTooLargeDo: (stream: Http2Stream<Exchange>) => void = () => {};

  constructor(role: 'server' | 'client', limits: Partial<Http2Limits> = {}) {
    this.connection = new Http2Connection<Exchange>({
      role,
      limits: { ...http2LimitsDefault, ...limits },
      shared: this.shared,
      handler: this,
    });
  }

  /** Octets that wait to be written, taken. */
  take(): Buffer {
    const octets = Buffer.from(this.connection.output.view());
    this.connection.output.done();
    return octets;
  }

  receive(octets: Buffer, nowMs = this.connection.nowMs): void {
    this.connection.receive(octets, 0, octets.length, nowMs);
  }

  exchange(id: number): Exchange {
    let exchange = this.exchanges.get(id);
    if (exchange === undefined) {
      exchange = {
        id,
        head: '',
        fields: [],
        body: [],
        trailers: undefined,
        informational: [],
        ended: false,
        closed: false,
        reset: undefined,
      };
      this.exchanges.set(id, exchange);
    }
    return exchange;
  }

  bodyOf(id: number): Buffer {
    return Buffer.concat(this.exchange(id).body);
  }

  onRequest(stream: Http2Stream<Exchange>, head: RequestHead, end: boolean): void {
    const exchange = this.exchange(stream.id);
    stream.context = exchange;
    const scheme = head.secure ? 'https' : 'http';
    exchange.head = `${head.methodName()} ${scheme} ${head.authority()} ${head.target()}`;
    exchange.fields = fieldTexts(head.fields);
    exchange.ended = end;
    this.events.push(`request ${stream.id}`);
    this.onRequestDo(stream, exchange, end);
    if (end) this.onEndDo(stream, exchange);
  }

  onHeadTooLarge(stream: Http2Stream<Exchange>): void {
    stream.context = this.exchange(stream.id);
    this.events.push(`too-large ${stream.id}`);
    this.onTooLargeDo(stream);
  }

  onResponse(stream: Http2Stream<Exchange>, head: ResponseHead, end: boolean): void {
    const exchange = this.exchange(stream.id);
    exchange.head = String(head.status);
    exchange.fields = fieldTexts(head.fields);
    exchange.ended = end;
    this.events.push(`response ${stream.id}`);
    if (end) this.onEndDo(stream, exchange);
  }

  onInformational(stream: Http2Stream<Exchange>, head: ResponseHead): void {
    this.exchange(stream.id).informational.push(head.status);
  }

  onData(
    stream: Http2Stream<Exchange>,
    buf: Buffer,
    start: number,
    length: number,
    end: boolean,
  ): void {
    const exchange = this.exchange(stream.id);
    if (length > 0) exchange.body.push(Buffer.from(buf.subarray(start, start + length)));
    exchange.ended = end;
    if (this.taking) this.connection.consumed(stream, length);
    if (end) this.onEndDo(stream, exchange);
  }

  onTrailers(stream: Http2Stream<Exchange>, fields: Fields): void {
    const exchange = this.exchange(stream.id);
    exchange.trailers = fieldTexts(fields);
    exchange.ended = true;
    this.onEndDo(stream, exchange);
  }

  onReset(stream: Http2Stream<Exchange>, code: number, problem: Http2Problem | null): void {
    this.exchange(stream.id).reset = code;
    this.events.push(`reset ${stream.id} ${code} ${problem ?? ''}`.trim());
  }

  onUnprocessed(stream: Http2Stream<Exchange>): void {
    this.events.push(`unprocessed ${stream.id}`);
  }

  onClosed(stream: Http2Stream<Exchange>): void {
    this.exchange(stream.id).closed = true;
    this.events.push(`closed ${stream.id}`);
  }

  onWritable(stream: Http2Stream<Exchange>): void {
    this.onWritableDo(stream);
  }

  onGoaway(lastId: number, code: number): void {
    this.goaway = [lastId, code];
  }

  onSettings(): void {
    this.settings++;
  }

  onPong(): void {
    this.pongs++;
  }

  onProblem(problem: Http2Problem, streamId: number): void {
    this.problems.push([problem, streamId]);
  }
}

/** A request of fields as texts `name: value`; pseudo-fields are arguments. */
export function requestHead(
  method: string,
  target: string,
  authority: string,
  fields: readonly (readonly [string, string])[] = [],
): RequestHead {
  const head = new RequestHead();
  const buf = Buffer.from(`${method}${target}${authority}`, 'latin1');
  head.fields.buf = buf;
  head.method = methodIdOf(buf, 0, method.length);
  head.methodLength = method.length;
  if (method === 'CONNECT') readTarget(head, buf.length - authority.length, buf.length);
  else {
    readTarget(head, method.length, method.length + target.length);
    readAuthority(head, method.length + target.length, buf.length);
  }
  for (const [name, value] of fields) head.fields.add(Buffer.from(name), value);
  return head;
}

export function responseHead(
  status: number,
  fields: readonly (readonly [string, string])[] = [],
): ResponseHead {
  const head = new ResponseHead();
  head.status = status;
  for (const [name, value] of fields) head.fields.add(Buffer.from(name), value);
  return head;
}
