/**
 * Debian's pebble, a strict authority for tests, beside a PoP's part that gets certificates from it: requests to the
 * PoP are answered by a listener of ours, its names by a tiny name server.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { type Answer, decode, encode } from 'dns-packet';
import { HTTP_LIMITS, type HttpListener, listenHttp } from '../../../src/core/downstream/index.ts';
import { answer } from '../../../src/core/http/index.ts';
import { createLogger } from '../../../src/core/observe/index.ts';
import type { Clock } from '../../../src/core/runtime/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeTransport,
} from '../../../src/core/runtime/node/index.ts';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import {
  AccountFile,
  AcmeAuthority,
  type AcmeSettings,
  Certificates,
  Challenges,
  type Sharing,
  type TxtRecords,
  wantedCertificates,
} from '../../../src/edge/acme/index.ts';
import {
  type Child,
  freePort,
  startChild,
  temporaryFolder,
  waitUntil,
} from '../../support/process.ts';

/** Every name is at 127.0.0.1; texts are what they were set to. */
export class TinyDns implements TxtRecords {
  readonly texts = new Map<string, readonly string[]>();
  /** Names asked for their texts. */
  readonly asked: string[] = [];
  port = 0;
  private readonly socket: Socket = createSocket('udp4');

  async start(): Promise<void> {
    this.socket.on('message', (message, from) => {
      const { id = 0, questions = [] } = decode(message);
      const answers = questions.flatMap(({ name, type }): Answer[] => {
        if (type === 'A') return [{ name, type, ttl: 0, data: '127.0.0.1' }];
        if (type !== 'TXT') return [];
        this.asked.push(name);
        const texts = this.texts.get(name.toLowerCase()) ?? [];
        return texts.map((data) => ({ name, type, ttl: 0, data }));
      });
      const flags = 0x0400; // authoritative
      const reply = encode({ type: 'response', id, flags, questions, answers });
      this.socket.send(reply, from.port, from.address);
    });
    this.socket.bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
    this.port = this.socket.address().port;
  }

  setText(name: string, values: readonly string[]): void {
    if (values.length > 0) this.texts.set(name, values);
    else this.texts.delete(name);
  }

  stop(): void {
    this.socket.close();
  }
}

export interface PebbleOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Port of the name server that it asks; default the tiny one. */
  readonly dnsPort?: number;
  /** External accounts by key identifier; then it takes no others. */
  readonly external?: Readonly<Record<string, string>>;
}

/** Pebble, which forgets everything when it ends. */
export class Pebble {
  readonly dns = new TinyDns();
  readonly folder = temporaryFolder('plinth-pebble');
  private readonly authority = new TestAuthority('Pebble itself');
  private readonly options: PebbleOptions;
  private port = 0;
  private managementPort = 0;
  private child: Child | undefined;
  /** Where it looks for answers by HTTP. */
  httpPort = 0;

  constructor(options: PebbleOptions = {}) {
    this.options = options;
  }

  get directory(): string {
    return `https://127.0.0.1:${this.port}/dir`;
  }

  /** In PEM: who certifies its directory. */
  get ca(): string {
    return join(this.folder.path, 'ca.pem');
  }

  async start(): Promise<void> {
    const { path } = this.folder;
    if (this.port === 0) {
      await this.dns.start();
      this.port = await freePort();
      this.managementPort = await freePort();
      this.httpPort = await freePort();
    }
    const { cert, key } = this.authority.issue('pebble', 'IP:127.0.0.1');
    const files = { 'cert.pem': cert, 'key.pem': key, 'ca.pem': this.authority.cert };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    const { external } = this.options;
    const pebble = {
      listenAddress: `127.0.0.1:${this.port}`,
      managementListenAddress: `127.0.0.1:${this.managementPort}`,
      ...{ certificate: join(path, 'cert.pem'), privateKey: join(path, 'key.pem') },
      ...{ httpPort: this.httpPort, tlsPort: 1, ocspResponderURL: '' },
      externalAccountBindingRequired: external !== undefined,
      externalAccountMACKeys: external ?? {},
    };
    writeFileSync(join(path, 'pebble.json'), JSON.stringify({ pebble }));
    const args = ['-config', join(path, 'pebble.json'), '-strict=true'];
    this.child = startChild(
      'pebble',
      [...args, '-dnsserver', `127.0.0.1:${this.options.dnsPort ?? this.dns.port}`],
      {
        env: {
          ...process.env,
          ...{ PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', PEBBLE_WFE_NONCEREJECT: '20' },
          ...this.options.env,
        },
      },
    );
    await waitUntil('pebble', async () => (await this.fetch(this.directory)) !== undefined);
  }

  /** The end of the chain that it signs with now. */
  async root(number = 0): Promise<string> {
    const text = await this.fetch(`https://127.0.0.1:${this.managementPort}/roots/${number}`);
    if (text === undefined) throw new Error('pebble does not tell its root');
    return text;
  }

  /** What it has printed. */
  output(): string {
    return this.child?.output() ?? '';
  }

  /** The process ends; `start` brings up another one with nothing in its memory. */
  async kill(): Promise<void> {
    this.child?.process.kill('SIGKILL');
    await this.child?.exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    this.dns.stop();
    this.authority.remove();
    this.folder.remove();
  }

  private fetch(url: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const request = get(url, { ca: this.authority.cert, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => resolve(response.statusCode === 200 ? text : undefined));
      });
      request.on('error', () => resolve(undefined));
    });
  }
}

export interface PopOptions {
  readonly pebble: Pebble;
  readonly settings?: Partial<AcmeSettings>;
  readonly hosts: readonly string[];
  /** The data folder; a PoP that starts again has that of before. */
  readonly folder: string;
  readonly records?: TxtRecords;
  readonly sharing?: Sharing;
  readonly name?: string;
  readonly coordinates?: boolean;
  /** Answers the authority's requests by HTTP. Default true. */
  readonly listens?: boolean;
  onRenewed?(): void;
}

/** A PoP with the one site `site`. */
export class Pop {
  readonly certificates: Certificates;
  readonly challenges: Challenges;
  readonly log: string[] = [];
  /** How far the clock of people is ahead of the real one, milliseconds. */
  aheadMs = 0;
  /** It is the one that asks the authority. */
  coordinates: boolean;
  private readonly options: PopOptions;
  private listener: HttpListener | undefined;

  constructor(options: PopOptions) {
    this.options = options;
    const { pebble, folder, records, sharing, name = 'ams' } = options;
    this.coordinates = options.coordinates ?? true;
    const real = createNodeClock();
    const clock: Clock = { ...real, wallMs: () => real.wallMs() + this.aheadMs };
    const disk = createNodeDisk();
    const log = createLogger({ level: 'debug', sink: { write: (line) => this.log.push(line) } });
    const settings: AcmeSettings = {
      ...{ enabled: true, termsAgreed: true, directory: pebble.directory, directoryCa: pebble.ca },
      ...{ contact: ['ops@example.org'], eabKeyId: undefined, eabHmacKey: undefined },
      ...{ keyType: 'ecdsa-p256', preferredChain: undefined, challenge: 'http-01', settleMs: 0 },
      ...options.settings,
    };
    disk.mkdirSync(folder);
    const account = new AccountFile(disk, folder);
    this.challenges = new Challenges({
      ...{ clock, log, pop: name },
      ...(records !== undefined && { records }),
      ...(sharing !== undefined && { sharing }),
    });
    this.certificates = new Certificates(
      {
        ...{ clock, disk, log, pop: name, account },
        random: createNodeRandom(),
        folder: join(folder, 'certificates'),
        board: this.challenges,
        ...(sharing !== undefined && { shared: { sharing, secret: 'a secret of all PoPs' } }),
        isCoordinator: () => this.coordinates,
        onRenewed: () => options.onRenewed?.(),
      },
      new AcmeAuthority({ settings, account, clock, disk }),
    );
  }

  async start(): Promise<void> {
    const { pebble, hosts, listens = true } = this.options;
    if (listens) {
      this.listener = await listenHttp({
        transport: await createNodeTransport(),
        clock: createNodeClock(),
        address: { host: '127.0.0.1', port: pebble.httpPort },
        limits: HTTP_LIMITS,
        handler: (exchange) => {
          if (!this.challenges.answer(exchange)) answer(exchange, { status: 404 });
        },
        trusts: () => false,
        events: { onRequestEnd() {}, onRefused() {} },
      });
    }
    const { certificates } = wantedCertificates([{ name: 'site', hosts }]);
    await this.certificates.start(certificates);
  }

  get keeping() {
    const [only] = this.certificates.all;
    if (only === undefined) throw new Error('nothing is wanted');
    return only;
  }

  /** Waits for a certificate of the authority, other than the one with this fingerprint. */
  async renewed(before?: string): Promise<string> {
    await waitUntil(
      'a certificate',
      () => {
        const { signed, lastFailure } = this.keeping;
        if (lastFailure !== undefined) throw new Error(lastFailure.says);
        return signed !== undefined && signed.fingerprint256 !== before;
      },
      30_000,
    );
    return this.keeping.signed?.fingerprint256 ?? '';
  }

  async failed(): Promise<{ code: string; says: string }> {
    await waitUntil('a failure', () => this.keeping.lastFailure !== undefined, 30_000);
    const { code = '', says = '' } = this.keeping.lastFailure ?? {};
    return { code, says };
  }

  async stop(): Promise<void> {
    this.certificates.stop();
    this.challenges.stop();
    await this.listener?.listener.stop();
  }
}
