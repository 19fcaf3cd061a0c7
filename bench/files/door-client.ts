/**
 * A client of S3 and WebHDFS that costs little: HTTP/1.1 on a kept connection, Signature Version 4 where there is a
 * key, every status and length judged. One request at a time on each connection.
 */
import { createHash, createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface Door {
  readonly port: number;
  /** Requests are signed with it. */
  readonly key?: { readonly id: string; readonly secret: string };
}

export interface DoorRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  /** Bucket and key; nothing in it needs to be encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent one after the other. */
  readonly body?: readonly Buffer[];
  /** Of the body, in hex; without it the payload is not signed. */
  readonly sha256?: string;
  /** Is given the bytes of the answer's body as they come, good until it returns; without it they are kept. */
  readonly onBytes?: (bytes: Buffer) => void;
}

export interface DoorAnswer {
  readonly status: number;
  /** Names in small letters. */
  readonly fields: ReadonlyMap<string, string>;
  readonly bodyBytes: number;
  /** Empty when `onBytes` was given. */
  readonly text: string;
}

const REGION = 'us-east-1';
const READ_BYTES = 256 * 1024;
const TIMEOUT_MS = 120_000;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

export class DoorClient {
  private readonly door: Door;
  private readonly socket: Socket;
  private answer: AnswerReader | undefined;
  private reject: ((error: Error) => void) | undefined;
  private signing: { readonly day: string; readonly key: Buffer } | undefined;

  private constructor(door: Door) {
    this.door = door;
    this.socket = connect({
      ...{ host: '127.0.0.1', port: door.port, noDelay: true },
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (count, buffer) => {
          this.take(Buffer.from(buffer.buffer, buffer.byteOffset, count));
          return true;
        },
      },
    });
    this.socket.setTimeout(TIMEOUT_MS, () => this.socket.destroy(new Error('no answer')));
    this.socket.on('error', (error) => this.reject?.(error));
    this.socket.on('close', () => this.reject?.(new Error('the server closed the connection')));
  }

  static async connect(door: Door): Promise<DoorClient> {
    const client = new DoorClient(door);
    await new Promise<void>((resolve, reject) => {
      client.reject = reject;
      client.socket.once('connect', () => resolve());
    });
    return client;
  }

  /** @throws when the status is none of 200 to 299. */
  async ask(request: DoorRequest): Promise<DoorAnswer> {
    const { method, path, body = [], onBytes } = request;
    const answered = new Promise<DoorAnswer>((resolve, reject) => {
      this.reject = reject;
      this.answer = new AnswerReader(method === 'HEAD', onBytes, resolve);
    });
    // Told by whoever awaits it below.
    answered.catch(() => {});
    this.socket.cork();
    this.socket.write(this.head(request), 'latin1');
    for (const [nth, piece] of body.entries()) {
      const taken = this.socket.write(piece);
      if (nth === 0) this.socket.uncork();
      if (!taken && nth < body.length - 1) await this.drained(answered);
    }
    if (body.length === 0) this.socket.uncork();
    const answer = await answered;
    if (answer.status < 200 || answer.status > 299) {
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    }
    return answer;
  }

  private async drained(answered: Promise<unknown>): Promise<void> {
    const drained = new Promise<void>((resolve) => this.socket.once('drain', resolve));
    await Promise.race([drained, answered]);
  }

  close(): void {
    this.reject = undefined;
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    const { answer } = this;
    if (answer === undefined) this.reject?.(new Error('an answer that nobody asked for'));
    else if (answer.take(bytes)) this.answer = undefined;
  }

  private head({ method, path, query = {}, body = [], sha256 }: DoorRequest): string {
    const { port, key } = this.door;
    const now = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const day = now.slice(0, 8);
    const pairs = Object.entries(query)
      .map(([name, value]) => [encodeURIComponent(name), encodeURIComponent(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map((pair) => pair.join('='))
      .join('&');
    const length = body.reduce((sum, piece) => sum + piece.length, 0);
    const target = `${method} /${path}${pairs === '' ? '' : `?${pairs}`} HTTP/1.1`;
    const fields = [target, `Host: 127.0.0.1:${port}`, `Content-Length: ${length}`];
    if (key === undefined) return [...fields, '\r\n'].join('\r\n');
    const payload = sha256 ?? (body.length === 0 ? EMPTY : 'UNSIGNED-PAYLOAD');
    const names = 'host;x-amz-content-sha256;x-amz-date';
    const signed = `host:127.0.0.1:${port}\nx-amz-content-sha256:${payload}\nx-amz-date:${now}\n`;
    const canonical = `${method}\n/${path}\n${pairs}\n${signed}\n${names}\n${payload}`;
    const scope = `${day}/${REGION}/s3/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${now}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
    if (this.signing?.day !== day) this.signing = { day, key: signingKey(key.secret, day) };
    const signature = createHmac('sha256', this.signing.key).update(text).digest('hex');
    return [
      ...fields,
      `x-amz-content-sha256: ${payload}`,
      `x-amz-date: ${now}`,
      `Authorization: AWS4-HMAC-SHA256 Credential=${key.id}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
      '\r\n',
    ].join('\r\n');
  }
}

const EMPTY = createHash('sha256').digest('hex');

function signingKey(secret: string, day: string): Buffer {
  const hmac = (key: Buffer | string, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  return [REGION, 's3', 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${secret}`, day));
}

/** Puts one answer together: its head, and a body with a length or in chunks. */
class AnswerReader {
  private readonly isHead: boolean;
  private readonly onBytes: ((bytes: Buffer) => void) | undefined;
  private readonly resolve: (answer: DoorAnswer) => void;
  private waiting: Buffer = Buffer.alloc(0);
  private status = 0;
  private fields = new Map<string, string>();
  /** Bytes of the body, or of its chunk, that are to come; -1: the head, or the size of a chunk, is. */
  private left = -1;
  private isChunked = false;
  private bodyBytes = 0;
  private readonly kept: Buffer[] = [];

  constructor(
    isHead: boolean,
    onBytes: ((bytes: Buffer) => void) | undefined,
    resolve: (answer: DoorAnswer) => void,
  ) {
    this.isHead = isHead;
    this.onBytes = onBytes;
    this.resolve = resolve;
  }

  /** @returns whether the answer is whole. */
  take(bytes: Buffer): boolean {
    let rest = this.waiting.length === 0 ? bytes : Buffer.concat([this.waiting, bytes]);
    this.waiting = Buffer.alloc(0);
    for (;;) {
      if (this.left > 0) {
        const count = Math.min(this.left, rest.length);
        this.body(rest.subarray(0, count));
        this.left -= count;
        rest = rest.subarray(count);
        if (this.left > 0) return false;
        if (this.isChunked) this.left = -1;
      }
      if (this.left === 0) break;
      const next = this.status === 0 ? this.takeHead(rest) : this.takeSize(rest);
      if (next === undefined) {
        this.waiting = Buffer.from(rest);
        return false;
      }
      rest = next;
    }
    const { status, fields, bodyBytes } = this;
    this.resolve({ status, fields, bodyBytes, text: Buffer.concat(this.kept).toString() });
    return true;
  }

  private body(bytes: Buffer): void {
    this.bodyBytes += bytes.length;
    if (this.onBytes === undefined || this.status > 299) this.kept.push(Buffer.from(bytes));
    else this.onBytes(bytes);
  }

  private takeHead(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(HEAD_END);
    if (end === -1) return undefined;
    const [line = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
    const rest = bytes.subarray(end + 4);
    const status = Number(line.slice(9, 12));
    if (status === 100) return this.takeHead(rest);
    this.status = status;
    for (const each of lines) {
      const colon = each.indexOf(':');
      this.fields.set(each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim());
    }
    this.isChunked = this.fields.get('transfer-encoding') === 'chunked';
    if (this.isHead || status === 204) this.left = 0;
    else if (!this.isChunked) this.left = Number(this.fields.get('content-length') ?? 0);
    return rest;
  }

  /** `CRLF` of the chunk before, size of the next one; the last one has none, and nothing behind it. */
  private takeSize(bytes: Buffer): Buffer | undefined {
    const start = this.bodyBytes === 0 ? 0 : 2;
    const end = bytes.indexOf(LINE_END, start);
    if (end === -1) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', start, end), 16);
    if (size > 0) {
      this.left = size;
      return bytes.subarray(end + 2);
    }
    if (bytes.length < end + 4) return undefined;
    this.left = 0;
    return bytes.subarray(end + 4);
  }
}
