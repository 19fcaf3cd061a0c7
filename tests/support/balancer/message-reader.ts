/**
 * Reads messages of HTTP/1.1 from a stream of bytes, strictly and without cleverness: the oracle of what a client got.
 *
 * Invariant: a message is whole only when its own framing says so; what breaks a rule is an error, never guessed.
 */

export interface MessageHead {
  /** The request line or the status line. */
  readonly line: string;
  /** By lower-case name; the last of several. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface MessageEvents {
  /** True: no body follows whatever the fields say. Interim responses do not come here. */
  onHead(head: MessageHead): boolean;
  onBody(bytes: Buffer): void;
  onEnd(): void;
}

type State = 'head' | 'length' | 'size' | 'data' | 'data-end' | 'trailers' | 'until-close';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

export class MessageReader {
  private readonly kind: 'request' | 'response';
  private readonly events: MessageEvents;
  private state: State = 'head';
  private left: Buffer = Buffer.alloc(0);
  private bytesLeft = 0;

  constructor(kind: 'request' | 'response', events: MessageEvents) {
    this.kind = kind;
    this.events = events;
  }

  /** A message has begun and is not whole. */
  get isWithin(): boolean {
    return this.state !== 'head' || this.left.length > 0;
  }

  /** @throws when what comes is no message */
  push(bytes: Buffer): void {
    let rest = this.left.length === 0 ? bytes : Buffer.concat([this.left, bytes]);
    for (;;) {
      const next = this.step(rest);
      if (next === null) break;
      rest = next;
    }
    this.left = rest.length === 0 ? rest : Buffer.from(rest);
    if (this.state === 'length' || this.state === 'data' || this.state === 'until-close') {
      this.left = Buffer.alloc(0);
    }
  }

  /** The sender has ended in order. True when that ended a message that lasts until then. */
  close(): boolean {
    if (this.state !== 'until-close') return false;
    this.over();
    return true;
  }

  /** What is left behind one step; null when it needs more bytes. */
  private step(bytes: Buffer): Buffer | null {
    switch (this.state) {
      case 'head':
        return this.head(bytes);
      case 'length':
      case 'data':
        return this.body(bytes);
      case 'until-close':
        if (bytes.length > 0) this.events.onBody(bytes);
        return null;
      case 'size':
        return this.size(bytes);
      case 'data-end':
        if (bytes.length < 2) return null;
        if (!bytes.subarray(0, 2).equals(LINE_END)) throw new Error('no CRLF behind a chunk');
        this.state = 'size';
        return bytes.subarray(2);
      case 'trailers':
        return this.trailers(bytes);
    }
  }

  private head(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(HEAD_END);
    if (end === -1) return null;
    const rest = bytes.subarray(end + 4);
    const [line = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
    const fields = new Map<string, string>();
    for (const each of lines) {
      const colon = each.indexOf(':');
      if (colon < 1) throw new Error(`this is no field: ${each}`);
      fields.set(each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim());
    }
    const status = this.kind === 'response' ? /^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1] : '200';
    if (status === undefined) throw new Error(`this is no status line: ${line.slice(0, 80)}`);
    if (status.startsWith('1')) return rest;
    const bodiless = this.events.onHead({ line, fields }) || status === '204' || status === '304';
    const length = fields.get('content-length');
    const coding = fields.get('transfer-encoding');
    if (length !== undefined && coding !== undefined) throw new Error('two lengths');
    if (bodiless) this.over();
    else if (coding !== undefined) this.state = 'size';
    else if (length !== undefined && Number(length) > 0) {
      this.bytesLeft = Number(length);
      this.state = 'length';
    } else if (length !== undefined || this.kind === 'request') this.over();
    else this.state = 'until-close';
    return rest;
  }

  private body(bytes: Buffer): Buffer | null {
    if (bytes.length === 0) return null;
    const taken = Math.min(bytes.length, this.bytesLeft);
    this.events.onBody(bytes.subarray(0, taken));
    this.bytesLeft -= taken;
    if (this.bytesLeft > 0) return null;
    if (this.state === 'data') this.state = 'data-end';
    else this.over();
    return bytes.subarray(taken);
  }

  private size(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(LINE_END);
    if (end === -1) return null;
    const text = bytes.toString('latin1', 0, end);
    if (!/^[0-9a-fA-F]{1,8}$/.test(text)) throw new Error(`this is no chunk size: ${text}`);
    this.bytesLeft = Number.parseInt(text, 16);
    this.state = this.bytesLeft === 0 ? 'trailers' : 'data';
    return bytes.subarray(end + 2);
  }

  private trailers(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(LINE_END);
    if (end === -1) return null;
    if (end === 0) this.over();
    return bytes.subarray(end + 2);
  }

  private over(): void {
    this.state = 'head';
    this.events.onEnd();
  }
}
