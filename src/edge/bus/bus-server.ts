/**
 * Accepts links of other PoPs.
 *
 *     accepted ──hello──▶ challenged ──proof──▶ open ──▶ ended
 *         └───────────────────┴── no greeting, unknown, untrusted, too many ──▶ ended
 */
import type { Logger } from '../../core/observe/index.ts';
import { TokenBucket } from '../../core/resilience/index.ts';
import type {
  ByteStream,
  Clock,
  Network,
  Random,
  TlsOptions,
  TransportListener,
} from '../../core/runtime/index.ts';
import { type Ending, type EndingCounts, endingTable } from './endings.ts';
import {
  challengeLine,
  type Hello,
  isProof,
  NONCE_BYTES,
  proofOf,
  readHello,
  readProof,
  type Transcript,
} from './greeting.ts';
import type { Subscriptions } from './kinds.ts';
import {
  GREETING_MS,
  LINKS_MAX,
  LINKS_PER_POP_MAX,
  STRANGERS_LOGGED,
  STRANGERS_MAX,
} from './limits.ts';
import { LineStream } from './line-stream.ts';
import { OpenLink } from './open-link.ts';

export interface BusServerOptions {
  /** The PoP that this process is. */
  readonly pop: string;
  readonly secret: string;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly subscriptions: Subscriptions;
  readonly endings: EndingCounts;
  /** How often a link without messages shows that it lives. */
  readonly beatMs: number;
  readonly tls?: TlsOptions | undefined;
  /** Asked at each greeting. */
  knows(pop: string): boolean;
}

const BACKLOG = 256;

export class BusServer {
  private readonly options: BusServerOptions;
  private readonly streams = new Set<LineStream>();
  private readonly open = new Set<OpenLink>();
  private readonly logged: TokenBucket;
  private listener: TransportListener | null = null;

  constructor(options: BusServerOptions) {
    this.options = options;
    this.logged = new TokenBucket({ ...STRANGERS_LOGGED, nowMs: options.clock.monotonicMs() });
  }

  get links(): number {
    return this.open.size;
  }

  /** @returns the port. @throws ListenError */
  async listen(address: { readonly host: string; readonly port: number }): Promise<number> {
    const { network, log, tls, beatMs } = this.options;
    this.listener = await network.listen({
      ...{ address, backlog: BACKLOG, keepAliveMs: beatMs, handshakeTimeoutMs: GREETING_MS },
      ...(tls && { tls }),
      admit: () => this.hasRoom,
      onAccept: (stream) => {
        if (this.hasRoom) this.accept(stream);
        else stream.destroy();
      },
      onHandshakeEnd: () => this.noteStranger('untrusted', 'TLS'),
      onAcceptError: (code) => log.warn('a link of another PoP was not accepted', { code }),
    });
    return this.listener.port;
  }

  async stop(): Promise<void> {
    const { listener } = this;
    this.listener = null;
    for (const stream of [...this.streams]) stream.end('stopped');
    await listener?.close();
  }

  private get hasRoom(): boolean {
    if (this.listener === null) return false;
    const strangers = this.streams.size - this.open.size;
    return this.streams.size < LINKS_MAX && strangers < STRANGERS_MAX;
  }

  private accept(stream: ByteStream): void {
    const { clock, endings } = this.options;
    let link: OpenLink | null = null;
    let said: { readonly hello: Hello; readonly transcript: Transcript } | null = null;
    const lines = new LineStream(stream, clock, {
      onLine: (line) => {
        if (link !== null) link.onLine(line);
        else if (said === null) said = this.challenge(lines, line);
        else link = this.welcome(lines, line, said.transcript);
      },
      onEnded: (why) => {
        clock.clearTimer(timer);
        this.streams.delete(lines);
        endings.set(why, (endings.get(why) ?? 0) + 1);
        if (link === null) this.noteStranger(why, lines.name);
        else {
          this.open.delete(link);
          link.onEnded();
        }
      },
    });
    this.streams.add(lines);
    const timer = clock.setTimer(GREETING_MS, () => {
      if (link === null) lines.end('greeting-late');
    });
    timer.unref();
  }

  private challenge(lines: LineStream, line: Readonly<Record<string, unknown>>) {
    const { pop, secret, random } = this.options;
    const hello = readHello(line);
    if (hello === undefined || hello === 'version') {
      this.refuse(lines, hello ?? 'bad-message');
      return null;
    }
    const nonce = random.bytes(NONCE_BYTES).toString('hex');
    const transcript: Transcript = {
      ...{ clientPop: hello.pop, clientNonce: hello.nonce, serverPop: pop, serverNonce: nonce },
    };
    lines.send(challengeLine({ pop, nonce, proof: proofOf('server', secret, transcript) }));
    return { hello, transcript };
  }

  /** Null: it is none of us. */
  private welcome(
    lines: LineStream,
    line: Readonly<Record<string, unknown>>,
    transcript: Transcript,
  ): OpenLink | null {
    const { secret, clock, subscriptions, beatMs } = this.options;
    const proof = readProof(line);
    const { clientPop: pop } = transcript;
    if (proof === undefined || !isProof(proofOf('client', secret, transcript), proof)) {
      this.refuse(lines, proof === undefined ? 'bad-message' : 'untrusted');
      return null;
    }
    if (!this.options.knows(pop)) {
      this.refuse(lines, 'unknown-pop');
      return null;
    }
    const others = [...this.open].filter((each) => each.pop === pop);
    if (others.length >= LINKS_PER_POP_MAX) others[0]?.end('superseded');
    const link = new OpenLink({ pop, lines, clock, subscriptions, beatMs });
    this.open.add(link);
    lines.send({ kind: 'welcome' });
    link.begin();
    return link;
  }

  private refuse(lines: LineStream, why: Ending): void {
    lines.send({ kind: 'refused', why });
    lines.endGently(why);
  }

  private noteStranger(why: Ending, from: string): void {
    const { clock, log } = this.options;
    if (why === 'stopped' || !this.logged.take(1, clock.monotonicMs())) return;
    log.warn('somebody who is no PoP of ours came to the bus', {
      ...{ from, why, says: endingTable[why] },
    });
  }
}
