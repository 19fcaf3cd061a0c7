/**
 * For tests: the S3 door on a real socket over a store, and a client that signs what it is told to, right or wrong.
 * Unless it is given the store is in memory; with PLINTH_S3_STORE=disk it is the real one.
 */
import { createHash, createHmac } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { HTTP_LIMITS, type HttpListener, listenHttp } from '../../../src/core/downstream/index.ts';
import { silentLogger } from '../../../src/core/observe/index.ts';
import type { Threads } from '../../../src/core/runtime/index.ts';
import {
  createNodeClock,
  createNodeRandom,
  createNodeThreads,
  createNodeTransport,
} from '../../../src/core/runtime/node/index.ts';
import { amzDate, SigningKeys } from '../../../src/files/s3/auth/scope.ts';
import { Users } from '../../../src/files/s3/auth/users.ts';
import { DigestThreads } from '../../../src/files/s3/digests/digest-threads.ts';
import { S3Door } from '../../../src/files/s3/door.ts';
import { encodePath, encodePercent } from '../../../src/files/s3/names.ts';
import type { ObjectStore } from '../../../src/files/s3/object-store.ts';
import type { Service } from '../../../src/files/s3/service.ts';
import { MemoryStore } from '../../../src/files/s3/testing/memory-store.ts';
import { type DiskStore, openDiskStore } from './disk-store.ts';

export interface TestUser {
  readonly id: string;
  readonly accessKeyId: string;
  readonly secret: string;
  readonly isAdmin?: boolean;
}

export const ann: TestUser = { id: 'ann', accessKeyId: 'AKIAANN', secret: 'secret-of-ann' };
export const bob: TestUser = { id: 'bob', accessKeyId: 'AKIABOB', secret: 'secret/of+bob' };
export const root: TestUser = {
  ...{ id: 'root', accessKeyId: 'AKIAROOT', secret: 'secret-of-root', isAdmin: true },
};

export interface S3BedOptions {
  readonly store?: ObjectStore;
  readonly service?: Partial<Service>;
  /** Those that digests are made in, in place of real ones. */
  readonly threads?: Threads;
}

export class S3Bed {
  readonly store: ObjectStore;
  readonly digests: DigestThreads;
  readonly door: S3Door;
  /** Operation and status of each call. */
  readonly calls: string[] = [];
  private readonly http: HttpListener;
  private readonly closeStore: () => Promise<void>;

  private constructor(
    { store, close }: DiskStore,
    digests: DigestThreads,
    door: S3Door,
    http: HttpListener,
    calls: string[],
  ) {
    this.store = store;
    this.digests = digests;
    this.closeStore = close;
    this.door = door;
    this.http = http;
    this.calls = calls;
  }

  static async open(options: S3BedOptions = {}): Promise<S3Bed> {
    const clock = createNodeClock();
    const random = createNodeRandom();
    const opened = await openStore(options, () => clock.wallMs());
    const { store } = opened;
    const keys = [ann, bob, root].map(({ id, accessKeyId, secret, isAdmin }) => ({
      id: accessKeyId,
      user: {
        id,
        displayName: `${id} the user`,
        email: `${id}@example.com`,
        isAdmin: isAdmin ?? false,
      },
      secret: () => secret,
    }));
    const calls: string[] = [];
    const log = silentLogger();
    const threads = options.threads ?? createNodeThreads();
    const digests = new DigestThreads({ threads, clock, log }, 2);
    const door = new S3Door({
      service: {
        ...{ store, random, digests, users: new Users(keys), keys: new SigningKeys() },
        ...{ region: 'us-east-1', domains: ['s3.localhost'], sseCOverHttp: true, takesV2: true },
        encryptionKey: Buffer.alloc(32, 7),
        nowMs: () => clock.wallMs(),
        ...options.service,
      },
      log,
      events: { onCall: (operation, status) => calls.push(`${operation} ${status}`) },
      monotonicMs: () => clock.monotonicMs(),
    });
    const http = await listenHttp({
      ...{ clock, random, transport: await createNodeTransport() },
      address: { host: '127.0.0.1', port: 0 },
      limits: {
        ...HTTP_LIMITS,
        head: { ...HTTP_LIMITS.head, ignoresExpectations: true },
        sendStallMs: 10_000,
      },
      handler: door.handler,
      refusalAnswer: door.refusalAnswer,
      trusts: () => false,
      events: { onRequestEnd: () => {}, onRefused: () => {} },
    });
    return new S3Bed(opened, digests, door, http, calls);
  }

  get port(): number {
    return this.http.listener.port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    await this.http.listener.stop();
    await this.digests.stop();
    await this.closeStore();
  }

  /** A request signed by `user` (null: not signed) and its answer. */
  ask(method: string, path: string, options: AskOptions = {}): Promise<Answer> {
    return ask(this.port, method, path, options);
  }
}

async function openStore({ store }: S3BedOptions, nowMs: () => number): Promise<DiskStore> {
  if (store === undefined && process.env.PLINTH_S3_STORE === 'disk') return openDiskStore();
  return { store: store ?? new MemoryStore({ nowMs }), close: async () => {} };
}

export interface AskOptions {
  readonly user?: TestUser | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** What x-amz-content-sha256 says, default the digest of the body. */
  readonly payload?: string;
  /** Of the signature, default now. */
  readonly signedMs?: number;
  /** Changes the headers behind the signing. */
  readonly tamper?: (headers: Record<string, string>) => void;
  readonly host?: string;
  readonly agent?: false;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The code of an error, or empty. */
  readonly code: string;
}

/** `path` is not encoded yet. */
export async function ask(
  port: number,
  method: string,
  path: string,
  options: AskOptions = {},
): Promise<Answer> {
  const { user = ann, query = {}, body = '' } = options;
  const bytes = Buffer.from(body);
  const headers: Record<string, string> = { host: options.host ?? `127.0.0.1:${port}` };
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    headers[name.toLowerCase()] = value;
  }
  if (
    !('content-length' in headers) &&
    (bytes.length > 0 || method === 'PUT' || method === 'POST')
  ) {
    headers['content-length'] = String(bytes.length);
  }
  const target = `${encodePath(path)}${queryText(query)}`;
  if (user !== null) {
    const payload = options.payload ?? createHash('sha256').update(bytes).digest('hex');
    sign({ user, method, path, query, headers, payload, ms: options.signedMs ?? Date.now() });
  } else if (options.payload !== undefined) headers['x-amz-content-sha256'] = options.payload;
  options.tamper?.(headers);
  return send(port, method, target, headers, bytes);
}

export function send(
  port: number,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer = Buffer.alloc(0),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, method, path: target, headers, agent: false },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(pieces);
          const text = bytes.toString();
          const code = /<Error>.*?<Code>(.*?)<\/Code>/s.exec(text)?.[1] ?? '';
          const { statusCode: status = 0, headers: fields } = response;
          resolve({ status, headers: fields, bytes, text, code });
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

interface Signing {
  readonly user: TestUser;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Record<string, string>;
  readonly payload: string;
  readonly ms: number;
}

/** Adds the fields of Signature V4, made apart from the door's own code. Returns the signature. */
export function sign({ user, method, path, query, headers, payload, ms }: Signing): string {
  const date = amzDate(ms);
  headers['x-amz-date'] = date;
  headers['x-amz-content-sha256'] = payload;
  const names = Object.keys(headers).toSorted();
  const canonical = [
    ...[method, encodePath(path), queryText(query).slice(1)],
    ...names.map((name) => `${name}:${headers[name]?.trim().replace(/ +/g, ' ')}`),
    ...['', names.join(';'), payload],
  ].join('\n');
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const digest = createHash('sha256').update(canonical, 'latin1').digest('hex');
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${digest}`;
  const signature = hmac(signingKey(user, scope), toSign).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${user.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return signature;
}

export function signingKey({ secret }: TestUser, scope: string): Buffer {
  return scope.split('/').reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
}

export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Sorted and encoded, with its `?`; empty when there is none. */
export function queryText(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query)
    .map(([name, value]) => `${encodePercent(name)}=${encodePercent(value)}`)
    .toSorted();
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** The texts of all elements of a name. */
export function texts({ text }: Answer, element: string): string[] {
  return [...text.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(
    (match) => match[1] as string,
  );
}

/** Opens a bed for one test. */
export async function withS3(
  work: (bed: S3Bed) => Promise<void>,
  options: S3BedOptions = {},
): Promise<void> {
  const bed = await S3Bed.open(options);
  try {
    await work(bed);
  } finally {
    await bed.close();
  }
}
