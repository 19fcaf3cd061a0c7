/**
 * Keeps a link to another PoP: dials it, greets, and dials anew when it ends, after waits that grow and vary.
 *
 *     waiting ──▶ dialling ──connected──▶ greeting ──welcome──▶ open ──▶ waiting
 *        ▲            └──────failed──────────┴──refused────────────────────┘
 */
import type { Logger } from '../../core/observe/index.ts';
import { backoffMs } from '../../core/resilience/index.ts';
import type {
  ByteStream,
  Clock,
  Dialling,
  Network,
  Random,
  Timer,
  TlsClient,
} from '../../core/runtime/index.ts';
import { type Ending, type EndingCounts, endingTable } from './endings.ts';
import {
  helloLine,
  isProof,
  NONCE_BYTES,
  proofOf,
  readChallenge,
  type Transcript,
} from './greeting.ts';
import type { Subscriptions } from './kinds.ts';
import { DIAL_MS, GREETING_MS, REDIAL } from './limits.ts';
import { LineStream } from './line-stream.ts';
import { OpenLink } from './open-link.ts';

export interface BusDiallerOptions {
  /** The PoP that this process is, and the one that is dialled. */
  readonly pop: string;
  readonly to: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly secret: string;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly subscriptions: Subscriptions;
  readonly endings: EndingCounts;
  readonly beatMs: number;
  readonly tls?: TlsClient | undefined;
  /** Our end's address; undefined: the system's choice. */
  readonly localAddress?: string | undefined;
}

type Line = Readonly<Record<string, unknown>>;

export class BusDialler {
  private readonly options: BusDiallerOptions;
  private timer: Timer | null = null;
  private dialling: Dialling | null = null;
  private lines: LineStream | null = null;
  private link: OpenLink | null = null;
  private failures = 0;
  private isStopped = false;

  constructor(options: BusDiallerOptions) {
    this.options = options;
  }

  get isOpen(): boolean {
    return this.link !== null;
  }

  start(): void {
    const { network, address, clock, tls, localAddress } = this.options;
    const ours = localAddress === undefined ? {} : { localAddress };
    this.dialling = network.dial(
      { address, timeoutMs: DIAL_MS, ...ours, ...(tls && { tls }) },
      {
        onConnected: (stream) => {
          this.dialling = null;
          this.greet(stream, clock);
        },
        onFailed: (code, detail) => {
          this.dialling = null;
          this.failed(code, detail);
        },
      },
    );
  }

  stop(): void {
    this.isStopped = true;
    this.dialling?.cancel();
    if (this.timer !== null) this.options.clock.clearTimer(this.timer);
    this.lines?.end('stopped');
  }

  private greet(stream: ByteStream, clock: Clock): void {
    const { pop, random, endings } = this.options;
    const nonce = random.bytes(NONCE_BYTES).toString('hex');
    let refusal: string | null = null;
    let isProven = false;
    const lines = new LineStream(stream, clock, {
      onLine: (line) => {
        if (this.link !== null) this.link.onLine(line);
        else if (line.kind === 'refused') {
          refusal = String(line.why);
          lines.end('untrusted');
        } else if (!isProven) isProven = this.prove(lines, line, nonce);
        else if (line.kind === 'welcome') this.welcome(lines);
        else lines.end('bad-message');
      },
      onEnded: (why) => {
        clock.clearTimer(timer);
        endings.set(why, (endings.get(why) ?? 0) + 1);
        this.lines = null;
        const { link } = this;
        this.link = null;
        if (link !== null) link.onEnded();
        this.failed(why, refusal ?? endingTable[why]);
      },
    });
    this.lines = lines;
    const timer = clock.setTimer(GREETING_MS, () => {
      if (this.link === null) lines.end('greeting-late');
    });
    timer.unref();
    lines.send(helloLine({ pop, nonce }));
  }

  /** Whether the other end is who it should be; ours is proven then. */
  private prove(lines: LineStream, line: Line, nonce: string): boolean {
    const { pop, to, secret } = this.options;
    const challenge = readChallenge(line);
    if (challenge === undefined) {
      lines.end('bad-message');
      return false;
    }
    const transcript: Transcript = {
      ...{ clientPop: pop, clientNonce: nonce },
      ...{ serverPop: challenge.pop, serverNonce: challenge.nonce },
    };
    if (challenge.pop !== to || !isProof(proofOf('server', secret, transcript), challenge.proof)) {
      lines.end('untrusted');
      return false;
    }
    lines.send({ kind: 'proof', proof: proofOf('client', secret, transcript) });
    return true;
  }

  private welcome(lines: LineStream): void {
    const { to, clock, log, subscriptions, beatMs } = this.options;
    this.failures = 0;
    this.link = new OpenLink({ pop: to, lines, clock, subscriptions, beatMs });
    log.info('linked with another PoP', { pop: to, encrypted: lines.encrypted });
    this.link.begin();
  }

  private failed(why: Ending | string, detail: string): void {
    if (this.isStopped) return;
    const { clock, random, log, to } = this.options;
    this.failures++;
    // Each of many would say the same.
    if (Math.log2(this.failures) % 1 === 0) {
      log.warn('no link with another PoP', { pop: to, why, detail, failures: this.failures });
    }
    this.timer = clock.setTimer(backoffMs(this.failures, REDIAL, random), () => {
      this.timer = null;
      this.start();
    });
    this.timer.unref();
  }
}
