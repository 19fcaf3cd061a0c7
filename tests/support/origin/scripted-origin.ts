/**
 * An origin of raw bytes that answers as the cases say, and remembers what it was asked. Which case and which step
 * a request is of is told by its path (`/<case>/...`) and by the field `X-Step`, which caches pass on.
 *
 * Promise: it sends exactly the lines it is given, and does nothing that nobody said: no field but Date, which a
 * case may leave out, and the framing that was asked for.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Answer, Line, Value } from './cases.ts';
import { fieldOf, type ReceivedLine } from './raw-client.ts';

export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly step: number;
  readonly fields: readonly ReceivedLine[];
}

/** What texts of a case are made from. */
export interface Scene {
  readonly nowMs: number;
  /** Path of the case. */
  readonly base: string;
  readonly host: string;
}

/** What the origin is to say to the requests of one case. */
export interface Script extends Scene {
  answer(asked: Asked): Answer;
  /** Of an answer that has none. */
  defaultBody(asked: Asked): string;
  /** Resolves when the client has got its response to the step. */
  delivered(step: number): Promise<void>;
  readonly asked: Asked[];
}

const HEAD_END = Buffer.from('\r\n\r\n');

export class ScriptedOrigin {
  private readonly scripts = new Map<string, Script>();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.sockets.delete(socket));
      void this.serve(socket);
    });
  }

  static async listen(): Promise<ScriptedOrigin> {
    const origin = new ScriptedOrigin();
    origin.server.listen(0, '127.0.0.1', 4096);
    await once(origin.server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on requests below `/<name>` are answered so. */
  add(name: string, script: Script): void {
    this.scripts.set(name, script);
  }

  remove(name: string): void {
    this.scripts.delete(name);
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private async serve(socket: Socket): Promise<void> {
    let bytes: Buffer = Buffer.alloc(0);
    try {
      for await (const piece of socket.iterator({ destroyOnReturn: false })) {
        bytes = Buffer.concat([bytes, piece as Buffer]);
        for (;;) {
          const end = requestEnd(bytes);
          if (end === -1) break;
          const asked = parseRequest(bytes);
          bytes = bytes.subarray(end);
          if (!(await this.respond(socket, asked))) return;
        }
      }
    } catch {
      // The cache has broken the connection off: there is nobody to answer.
    }
    socket.destroy();
  }

  /** False when the connection has ended with the answer. */
  private async respond(socket: Socket, asked: Asked): Promise<boolean> {
    const script = this.scripts.get(asked.target.split(/[/?]/)[1] ?? '');
    if (script === undefined) {
      socket.write(
        'HTTP/1.1 404 Not Found\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n',
      );
      return true;
    }
    script.asked.push(asked);
    const answer = script.answer(asked);
    if (answer.after === 'delivery') await script.delivered(asked.step);
    else if (answer.after !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, answer.after as number));
    }
    if (answer.framing === 'none') {
      socket.destroy();
      return false;
    }
    socket.write(responseBytes(asked, answer, script));
    if (!['close', 'short', 'cut'].includes(answer.framing ?? '')) return true;
    socket.end();
    return false;
  }
}

function responseBytes(asked: Asked, answer: Answer, script: Script): Buffer {
  const { status = 200, fields = [], version = '1.1', framing = 'length' } = answer;
  const written = (lines: readonly Line[]): string =>
    lines.map((each) => `${each[0]}: ${textOf(each[1], script)}\r\n`).join('');
  let text = '';
  for (const [code, lines] of answer.interim ?? []) {
    text += `HTTP/1.1 ${code} Interim\r\n${written(lines)}\r\n`;
  }
  text += `HTTP/${version} ${status} Status\r\n`;
  if (!answer.noDate && !fields.some(([name]) => name.toLowerCase() === 'date')) {
    text += `Date: ${new Date().toUTCString()}\r\n`;
  }
  text += written(fields);
  if (status === 204 || status === 304) return Buffer.from(`${text}\r\n`, 'latin1');
  const body = answer.body ?? script.defaultBody(asked);
  const bytes = Buffer.byteLength(body, 'latin1');
  if (framing === 'length') text += `Content-Length: ${bytes}\r\n`;
  else if (framing === 'short') text += `Content-Length: ${bytes + 1000}\r\n`;
  else if (framing === 'close') text += 'Connection: close\r\n';
  else text += 'Transfer-Encoding: chunked\r\n';
  text += '\r\n';
  if (asked.method === 'HEAD') return Buffer.from(text, 'latin1');
  if (framing === 'chunked' || framing === 'cut') {
    const half = bytes >> 1;
    for (const part of [body.slice(0, half), body.slice(half)]) {
      if (part !== '') text += `${part.length.toString(16)}\r\n${part}\r\n`;
    }
    if (framing === 'chunked') text += `0\r\n${written(answer.trailers ?? [])}\r\n`;
  } else text += body;
  return Buffer.from(text, 'latin1');
}

export function textOf(value: Value, { nowMs, base, host }: Scene): string {
  const text = typeof value === 'string' ? value : value(nowMs);
  return text.replaceAll('{base}', base).replaceAll('{host}', host);
}

/** Where the first request ends, -1 when it is not whole. */
function requestEnd(bytes: Buffer): number {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return -1;
  const head = bytes.toString('latin1', 0, end);
  const from = end + 4;
  if (/\r\nTransfer-Encoding: *chunked/i.test(head)) {
    if (bytes.subarray(from, from + 5).toString('latin1') === '0\r\n\r\n') return from + 5;
    const last = bytes.indexOf('\r\n0\r\n\r\n', from);
    return last === -1 ? -1 : last + 7;
  }
  const length = Number(/\r\nContent-Length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return bytes.length >= from + length ? from + length : -1;
}

function parseRequest(bytes: Buffer): Asked {
  const head = bytes.toString('latin1', 0, bytes.indexOf(HEAD_END));
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  const fields = lines.map((text): ReceivedLine => {
    const colon = text.indexOf(':');
    return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
  });
  return { method, target, step: Number(fieldOf(fields, 'x-step') ?? -1), fields };
}
