/**
 * For tests of what stands on accepted sockets: certificates made by the `openssl` program, and a
 * listener whose accepted streams can be awaited and whose events can be read back.
 */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  ByteStream,
  Preface,
  StreamEvents,
  Transport,
  TransportListener,
  TransportListenOptions,
} from '../transport.ts';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** An authority that signs certificates, for localhost and one day unless something else is said. */
export class TestAuthority {
  readonly cert: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'plinth-tls-'));

  constructor(commonName: string) {
    this.openssl('req', '-x509', ...newKey, ...files('ca'), '-subj', `/CN=${commonName}`);
    this.cert = this.read('ca.crt');
  }

  /** `names` as subjectAltName has them; with `days` below zero it has expired. */
  issue(commonName: string, names = 'DNS:localhost,IP:127.0.0.1', days = 1): KeyPair {
    writeFileSync(join(this.folder, 'san'), `subjectAltName=${names}\n`);
    this.openssl(
      'req',
      ...newKey,
      '-keyout',
      'x.key',
      '-out',
      'x.csr',
      '-subj',
      `/CN=${commonName}`,
    );
    const from = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', `${days}`];
    this.openssl('x509', '-req', '-in', 'x.csr', ...from, '-extfile', 'san', '-out', 'x.crt');
    return { cert: this.read('x.crt'), key: this.read('x.key') };
  }

  /** A response of OCSP for a certificate of ours, DER: it is good. */
  ocspFor({ cert }: KeyPair): Buffer {
    writeFileSync(join(this.folder, 'asked.crt'), cert);
    const serial = new X509Certificate(cert).serialNumber;
    writeFileSync(join(this.folder, 'index'), `V\t991231235959Z\t\t${serial}\tunknown\t/CN=x\n`);
    const signer = ['-CA', 'ca.crt', '-rsigner', 'ca.crt', '-rkey', 'ca.key'];
    const asked = ['-issuer', 'ca.crt', '-cert', 'asked.crt'];
    this.openssl('ocsp', '-index', 'index', ...signer, ...asked, '-ndays', '1', '-respout', 'ocsp');
    return readFileSync(join(this.folder, 'ocsp'));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private openssl(...given: string[]): void {
    execFileSync('openssl', given, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  private read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function files(name: string): string[] {
  return ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '1'];
}

/** Notes what one stream tells; every `await` here ends when the event has come. */
export class Recorder implements StreamEvents {
  readonly stream: ByteStream;
  readonly chunks: Buffer[] = [];
  drains = 0;
  ends = 0;
  closes = 0;
  error: string | null = null;
  /** Called with each chunk after it was noted. */
  onChunk: ((chunk: Buffer) => void) | null = null;
  private waiting: { done: () => boolean; resolve: () => void }[] = [];

  constructor(stream: ByteStream) {
    this.stream = stream;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  /** Resolves once `done` holds; it is asked after every event. */
  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push({ done, resolve });
    });
  }

  onData(chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk));
    this.onChunk?.(chunk);
    this.wake();
  }
  onDrain(): void {
    this.drains++;
    this.wake();
  }
  onEnd(): void {
    this.ends++;
    this.wake();
  }
  onClosed(error: string | null): void {
    this.closes++;
    this.error = error;
    this.wake();
  }

  private wake(): void {
    const ready = this.waiting.filter((one) => one.done());
    this.waiting = this.waiting.filter((one) => !ready.includes(one));
    for (const one of ready) one.resolve();
  }
}

export interface Accepting {
  readonly listener: TransportListener;
  /** Why handshakes ended, in order. */
  readonly handshakeEnds: string[];
  /** The next accepted stream, attached to a recorder. */
  next(): Promise<Recorder>;
}

export interface AcceptingOptions extends Partial<TransportListenOptions> {
  onPreface?(stream: ByteStream, preface: Preface): void;
}

/** Listens on 127.0.0.1 and a free port unless `more` says otherwise. */
export async function accepting(
  transport: Transport,
  { onPreface, ...more }: AcceptingOptions = {},
): Promise<Accepting> {
  const ready: Recorder[] = [];
  const waiting: ((recorder: Recorder) => void)[] = [];
  const handshakeEnds: string[] = [];
  const listener = await transport.listen({
    address: { host: '127.0.0.1', port: 0 },
    backlog: 511,
    keepAliveMs: 60_000,
    handshakeTimeoutMs: 10_000,
    admit: () => true,
    onAccept: (stream, preface) => {
      if (preface !== undefined) onPreface?.(stream, preface);
      const recorder = new Recorder(stream);
      stream.attach(recorder);
      const taker = waiting.shift();
      if (taker === undefined) ready.push(recorder);
      else taker(recorder);
    },
    onAcceptError: () => {},
    onHandshakeEnd: (why) => handshakeEnds.push(why),
    ...more,
  });
  const next = (): Promise<Recorder> => {
    const first = ready.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return { listener, handshakeEnds, next };
}

/** Resolves once `done` holds; for what has no event to wait for. */
export async function eventually(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Resolves when a client's socket has closed, with an error or without. */
export function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}
