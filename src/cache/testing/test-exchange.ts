/** An exchange without a connection, for tests: its request is a text, its response is written down. */
import assert from 'node:assert/strict';
import { type ClientFacts, Exchange } from '../../core/http/index.ts';
import {
  encodeResponseHead,
  type Fields,
  HEAD_LIMITS,
  parseRequestHead,
  type ResponseHead,
  responseHeadBytesMax,
} from '../../core/wire/index.ts';

const CLIENT: ClientFacts = {
  remoteAddress: '192.0.2.1',
  remotePort: 1234,
  localAddress: '192.0.2.2',
  localPort: 80,
  encrypted: false,
  serverName: '',
  isTrusted: false,
  addressBytes: Buffer.from('192.0.2.1'),
  peerCertificate: () => undefined,
};

export class TestExchange extends Exchange {
  client: ClientFacts = CLIENT;
  readonly bodyEnded = true;
  /** Heads as text, interim ones first. */
  readonly heads: string[] = [];
  /** How the response ended. */
  ending: 'none' | 'whole' | 'aborted' = 'none';
  /** Takes no more while true; `drain` changes that. */
  slow = false;
  private readonly chunks: Buffer[] = [];
  private readonly clock: () => number;
  private gone = false;

  constructor(clock: () => number, target: string, lines: readonly string[] = [], method = 'GET') {
    super();
    this.clock = clock;
    const text = [`${method} ${target} HTTP/1.1`, 'Host: example.com', ...lines, '', ''];
    const bytes = Buffer.from(text.join('\r\n'), 'latin1');
    assert.equal(
      parseRequestHead(this.request, bytes, 0, bytes.length, HEAD_LIMITS),
      bytes.length,
      'the request of a test is none',
    );
  }

  get isOver(): boolean {
    return this.gone || this.ending !== 'none';
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  get statusLine(): string {
    return this.heads.at(-1)?.split('\r\n', 1)[0] ?? '';
  }

  /** A field of the final head, joined by commas. */
  field(name: string): string | undefined {
    const lines = (this.heads.at(-1) ?? '').split('\r\n').slice(1);
    const values = lines
      .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      .map((line) => line.slice(name.length + 1).trim());
    return values.length === 0 ? undefined : values.join(', ');
  }

  wallMs(): number {
    return this.clock();
  }

  /** The client takes more. */
  drain(): void {
    this.slow = false;
    this.flow?.onDrain();
  }

  /** The client goes. */
  leave(): void {
    this.gone = true;
    const { flow } = this;
    this.flow = null;
    flow?.onAbort();
  }

  receive(): void {
    assert.fail('requests of these tests have no body');
  }

  resumeBody(): void {
    assert.fail('requests of these tests have no body');
  }

  interim(head: ResponseHead): void {
    this.heads.push(textOf(head));
  }

  head(head: ResponseHead, end: boolean): void {
    assert.equal(this.ending, 'none');
    this.status = head.status;
    this.heads.push(textOf(head));
    if (end) this.ending = 'whole';
  }

  data(bytes: Buffer, _stays: boolean): boolean {
    assert.equal(this.ending, 'none');
    this.chunks.push(Buffer.from(bytes));
    return !this.slow;
  }

  end(_trailers: Fields | null): void {
    assert.equal(this.ending, 'none');
    this.ending = 'whole';
  }

  flush(): void {
    // Nothing is kept back.
  }

  abort(): void {
    this.ending = 'aborted';
  }
}

function textOf(head: ResponseHead): string {
  const out = Buffer.alloc(responseHeadBytesMax(head, null));
  return out.toString('latin1', 0, encodeResponseHead(out, 0, head));
}
