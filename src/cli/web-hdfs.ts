/**
 * WebHDFS as subcommands speak it: one operation and its answer, the bytes of a file either way.
 *
 * Invariants: whatever the door or the network do, what is thrown is a `WebHdfsFault` with a sentence for people; bytes
 * are never held beyond what is under way.
 * WebHDFS: https://hadoop.apache.org/docs/r3.3.6/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { parsed } from './admin-door.ts';
import type { ExitName } from './exit-codes.ts';

// An import would read all of its exports, and one of them loads the client behind `fetch`: 11 MiB.
const { request: httpRequest } = process.getBuiltinModule('node:http');

/** So long nothing may come or go. */
const SILENCE_MS = 60_000;
/** An answer that is no file's bytes is smaller, bytes. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const PREFIX = '/webhdfs/v1';

export class WebHdfsFault extends Error {
  override readonly name = 'WebHdfsFault';
  readonly exit: ExitName;
  /** What Hadoop calls it; empty: the door was not reached, or did not say. */
  readonly exception: string;

  constructor(exit: ExitName, message: string, exception = '') {
    super(message);
    this.exit = exit;
    this.exception = exception;
  }
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';
type Parameters = Readonly<Record<string, string>>;

/** Bytes of a file that come. */
export interface Incoming {
  readonly lengthBytes: number | undefined;
  /** Ends by an error when it breaks off. */
  readonly bytes: AsyncIterable<Buffer>;
}

export class WebHdfs {
  /** `127.0.0.1:9870`, for messages. */
  readonly target: string;
  private readonly base: URL;
  private readonly user: string;

  constructor(base: URL, user: string) {
    this.base = base;
    this.user = user;
    this.target = base.host;
  }

  /** @returns the JSON of the answer, `{}` without one. @throws WebHdfsFault */
  async ask(method: Method, path: string, op: string, more: Parameters = {}): Promise<unknown> {
    const sent = this.open(method, this.urlOf(path, op, more), {});
    sent.end();
    return this.jsonOf(await this.answerTo(sent));
  }

  /** @throws WebHdfsFault */
  async read(path: string, signal: AbortSignal): Promise<Incoming> {
    const sent = this.open('GET', await this.dataUrl('GET', path, 'OPEN', {}), { signal });
    sent.end();
    const answer = await this.answerTo(sent);
    if (answer.statusCode !== 200) throw await this.faultOf(answer);
    const length = answer.headers['content-length'];
    return {
      lengthBytes: length === undefined ? undefined : Number(length),
      bytes: this.bytesOf(answer),
    };
  }

  private async *bytesOf(answer: IncomingMessage): AsyncGenerator<Buffer> {
    try {
      yield* answer as AsyncIterable<Buffer>;
    } catch (error) {
      throw this.lost(error);
    }
  }

  /**
   * Stores a file. What breaks off before its end leaves nothing at the door.
   * @param sizeBytes when it is known; `bytes` are as many then
   * @throws WebHdfsFault, and what `bytes` throw.
   */
  async write(
    path: string,
    more: Parameters,
    bytes: AsyncIterable<Buffer>,
    sizeBytes?: number,
  ): Promise<void> {
    const url = await this.dataUrl('PUT', path, 'CREATE', more);
    const framing = sizeBytes === undefined ? {} : { 'content-length': sizeBytes };
    const sent = this.open('PUT', url, {
      headers: { 'content-type': 'application/octet-stream', ...framing },
    });
    let isAnswered = false;
    const answering = this.answerTo(sent).finally(() => {
      isAnswered = true;
    });
    // It is awaited below; what it fails with meanwhile is told there.
    answering.catch(() => {});
    try {
      for await (const piece of bytes) {
        // The door may refuse before all has come.
        if (isAnswered) break;
        if (!sent.write(piece)) await Promise.race([drained(sent), answering.catch(() => {})]);
      }
      if (!isAnswered) sent.end();
      const answer = await answering;
      if (answer.statusCode !== 201) throw await this.faultOf(answer);
    } finally {
      // What is not whole by then breaks off.
      sent.destroy();
    }
  }

  /** The first of the two steps by which data go: where to. */
  private async dataUrl(method: Method, path: string, op: string, more: Parameters): Promise<URL> {
    const sent = this.open(method, this.urlOf(path, op, { ...more, noredirect: 'true' }), {});
    sent.end();
    const answer = await this.answerTo(sent);
    const { location = '' } = answer.headers;
    const body = (await this.jsonOf(answer)) as { readonly Location?: string };
    const url = URL.parse(body.Location ?? location);
    if (url !== null && isWebUrl(url)) return url;
    throw new WebHdfsFault('notRunning', `what answers at ${this.target} is no WebHDFS`);
  }

  private urlOf(path: string, op: string, more: Parameters): URL {
    const escaped = path.split('/').map(encodeURIComponent).join('/');
    const url = new URL(PREFIX + escaped, this.base);
    const parameters = { op, 'user.name': this.user, ...more };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url;
  }

  private open(method: Method, url: URL, options: RequestOptions): ClientRequest {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = request(url, { ...options, method, agent: false, timeout: SILENCE_MS });
    sent.on('timeout', () => {
      sent.destroy(new Error(`nothing has come or gone for ${SILENCE_MS / 1000} s`));
    });
    return sent;
  }

  private answerTo(sent: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      sent.on('response', resolve);
      sent.on('error', (error) => reject(this.lost(error)));
    });
  }

  private async jsonOf(answer: IncomingMessage): Promise<unknown> {
    const { statusCode = 0 } = answer;
    if (statusCode >= 400) throw await this.faultOf(answer);
    const text = await this.textOf(answer);
    const json = text === '' ? {} : parsed(text);
    if (typeof json === 'object' && json !== null) return json;
    throw new WebHdfsFault('notRunning', `what answers at ${this.target} is no WebHDFS`);
  }

  private async textOf(answer: IncomingMessage): Promise<string> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of this.bytesOf(answer)) {
      bytes += piece.length;
      if (bytes > ANSWER_BYTES_MAX) throw this.lost(new Error('the answer has no end'));
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString();
  }

  private async faultOf(answer: IncomingMessage): Promise<WebHdfsFault> {
    const body = parsed(await this.textOf(answer)) as { RemoteException?: Remote } | undefined;
    const { exception = '', message = '' } = body?.RemoteException ?? {};
    if (exception === '') {
      const says = `what answers at ${this.target} is no WebHDFS: status ${answer.statusCode}`;
      return new WebHdfsFault('notRunning', says);
    }
    return new WebHdfsFault(exits[exception] ?? 'dataUnwritable', message, exception);
  }

  private lost(thrown: unknown): WebHdfsFault {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EHOSTUNREACH') {
      return new WebHdfsFault('notRunning', `nobody answers at ${this.target} (${code})`);
    }
    const why = code === 'ECONNRESET' ? 'it was closed' : (code ?? message);
    return new WebHdfsFault('notRunning', `the connection to ${this.target} is lost: ${why}`);
  }
}

export function isWebUrl({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

interface Remote {
  readonly exception?: string;
  readonly message?: string;
}

const exits: Readonly<Record<string, ExitName>> = {
  FileNotFoundException: 'noInput',
  AccessControlException: 'notPermitted',
  AuthorizationException: 'notPermitted',
  SecurityException: 'notPermitted',
  IllegalArgumentException: 'usage',
  HadoopIllegalArgumentException: 'usage',
  InvalidPathException: 'usage',
  PathComponentTooLongException: 'usage',
  UnsupportedOperationException: 'usage',
  ChecksumException: 'dataDamaged',
  RetriableException: 'notRunning',
};

function drained(sent: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      sent.off('drain', over);
      sent.off('close', over);
      resolve();
    };
    sent.on('drain', over);
    sent.on('close', over);
  });
}
