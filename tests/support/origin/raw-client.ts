/**
 * One request on a connection of its own, and all that comes back, byte by byte: fields in their order, interim
 * responses, trailers, and whether the response was whole by its own framing.
 */
import { connect } from 'node:net';

export type ReceivedLine = readonly [name: string, value: string];

export interface Received {
  readonly status: number;
  /** Names in small letters. */
  readonly fields: readonly ReceivedLine[];
  readonly body: Buffer;
  readonly trailers: readonly ReceivedLine[];
  readonly interim: readonly {
    readonly status: number;
    readonly fields: readonly ReceivedLine[];
  }[];
  /** Its own framing says that it ended. */
  readonly whole: boolean;
}

export interface RawRequest {
  readonly port: number;
  readonly method: string;
  readonly target: string;
  readonly fields: readonly ReceivedLine[];
  readonly body: string;
}

const LIMIT_MS = 20_000;

/** Asks once and waits for the end of the connection. @throws when nothing that is a response comes in time */
export async function ask(request: RawRequest): Promise<Received> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const pieces: Buffer[] = [];
  const socket = connect({ port: request.port, host: '127.0.0.1' });
  const late = setTimeout(() => {
    reject(
      new Error(`no end of a response in time; got ${Buffer.concat(pieces).subarray(0, 300)}`),
    );
    socket.destroy();
  }, LIMIT_MS);
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  // A reset ends the response too; whether that was its end is told by its framing.
  socket.on('error', () => {});
  socket.on('close', () => resolve(Buffer.concat(pieces)));
  socket.write(requestBytes(request));
  const bytes = await promise.finally(() => clearTimeout(late));
  return parseResponse(bytes, request.method);
}

function requestBytes({ method, target, fields, body }: RawRequest): Buffer {
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(
    `${method} ${target} HTTP/1.1\r\n${lines}${length}Connection: close\r\n\r\n${body}`,
    'latin1',
  );
}

/** @param bytes all that came until the connection ended. */
export function parseResponse(bytes: Buffer, method: string): Received {
  const interim: { status: number; fields: ReceivedLine[] }[] = [];
  let from = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n', from);
    if (end === -1) throw new Error(`this is no response: ${bytes.subarray(from, from + 300)}`);
    const [first = '', ...lines] = bytes.toString('latin1', from, end).split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]);
    if (Number.isNaN(status)) throw new Error(`this is no status line: ${first}`);
    const fields = parseLines(lines);
    from = end + 4;
    if (status >= 200) {
      return {
        status,
        fields,
        interim,
        ...parseBody(bytes.subarray(from), status, method, fields),
      };
    }
    interim.push({ status, fields });
  }
}

function parseBody(
  bytes: Buffer,
  status: number,
  method: string,
  fields: readonly ReceivedLine[],
): Pick<Received, 'body' | 'trailers' | 'whole'> {
  const none = method === 'HEAD' || status === 204 || status === 304;
  if (none) return { body: bytes, trailers: [], whole: bytes.length === 0 };
  if (/chunked/i.test(fieldOf(fields, 'transfer-encoding') ?? '')) return parseChunks(bytes);
  const length = fieldOf(fields, 'content-length');
  const whole = length === undefined || bytes.length === Number(length);
  return { body: bytes, trailers: [], whole };
}

function parseChunks(bytes: Buffer): Pick<Received, 'body' | 'trailers' | 'whole'> {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n', at);
    const size = end === -1 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (Number.isNaN(size)) return { body: Buffer.concat(parts), trailers: [], whole: false };
    at = end + 2;
    if (size === 0) break;
    parts.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
  const rest = bytes.toString('latin1', at);
  const trailers = parseLines(rest.split('\r\n').filter((text) => text !== ''));
  return { body: Buffer.concat(parts), trailers, whole: rest.endsWith('\r\n') };
}

function parseLines(lines: readonly string[]): ReceivedLine[] {
  return lines.map((text) => {
    const colon = text.indexOf(':');
    return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
  });
}

/** All lines of a field joined; undefined when there is none. */
export function fieldOf(fields: readonly ReceivedLine[], name: string): string | undefined {
  const values = fields.filter(([each]) => each === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}
