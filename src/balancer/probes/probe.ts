/**
 * One check of one server on a connection of its own.
 *
 *     dialling ──connected──▶ passed (nothing to say), or asking ──answer──▶ passed, wrong-...
 *        └── refused, timeout, TLS          └── timeout, close
 *
 * Invariants: `done` is called once, in a turn of the loop of its own, and never after `cancel`; the connection
 * is closed before; the time of the dial and of the answer together is `timeoutMs`.
 */
import { unreachable } from '../../core/base/index.ts';
import type {
  ByteStream,
  Clock,
  DialErrorCode,
  Dialling,
  ListenAddress,
  Network,
  StreamEvents,
  Timer,
  TlsClient,
} from '../../core/runtime/index.ts';
import type { ProbeReason, ProbeResult } from '../health/prober.ts';

/** What came of a check, its duration excepted. */
export type Verdict = Omit<ProbeResult, 'durationMs'>;

/** What is said to a server once it is connected, and what its answer means. */
export interface Conversation {
  readonly request: Buffer;
  /** Bytes of the answer, valid during the call; undefined when more are needed. */
  take(chunk: Buffer): Verdict | undefined;
  /** The server sends no more. */
  ended(): Verdict;
  /** Nothing is told any more. */
  close(): void;
}

export interface ProbeOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly address: ListenAddress;
  readonly timeoutMs: number;
  /** Our end's address; undefined: the system's choice. */
  readonly localAddress: string | undefined;
  readonly tls: TlsClient | undefined;
  /** Bytes before everything else, TLS included: a header of the PROXY protocol. */
  readonly preface: Buffer | undefined;
  /** Undefined: a connection, with TLS its handshake, is all that is wanted. */
  readonly conversation: Conversation | undefined;
}

export class Probe implements StreamEvents {
  private readonly options: ProbeOptions;
  private readonly done: (result: ProbeResult) => void;
  private readonly beganMs: number;
  private readonly dialling: Dialling;
  private stream: ByteStream | undefined = undefined;
  private timer: Timer | undefined = undefined;
  private over = false;

  constructor(options: ProbeOptions, done: (result: ProbeResult) => void) {
    const { network, clock, address, timeoutMs, localAddress, tls, preface } = options;
    this.options = options;
    this.done = done;
    this.beganMs = clock.monotonicMs();
    this.dialling = network.dial(
      {
        address,
        timeoutMs,
        ...(localAddress !== undefined && { localAddress }),
        ...(tls !== undefined && { tls, ...(preface !== undefined && { preface }) }),
      },
      {
        onConnected: (stream) => this.connected(stream),
        onFailed: (code, detail) => this.finish({ reason: reasonOf(code), detail }),
      },
    );
  }

  /** Ends it without a result. Harmless when it has ended. */
  cancel(): void {
    if (this.over) return;
    this.dialling.cancel();
    this.close();
  }

  onData(chunk: Buffer): void {
    if (this.over) return;
    const verdict = this.options.conversation?.take(chunk);
    if (verdict !== undefined) this.finish(verdict);
  }

  onDrain(): void {}

  onEnd(): void {
    if (!this.over) this.finish(this.options.conversation?.ended() ?? { reason: 'closed-early' });
  }

  onClosed(error: string | null): void {
    if (!this.over) this.finish({ reason: 'closed-early', ...(error && { detail: error }) });
  }

  private connected(stream: ByteStream): void {
    const { clock, timeoutMs, tls, preface, conversation } = this.options;
    this.stream = stream;
    stream.attach(this);
    if (tls === undefined && preface !== undefined) stream.write(preface);
    if (conversation === undefined) {
      this.finish({ reason: 'passed' });
      return;
    }
    // Neither buffer is written to again, so it does not matter when the kernel takes them.
    stream.write(conversation.request);
    const leftMs = Math.max(0, this.beganMs + timeoutMs - clock.monotonicMs());
    this.timer = clock.setTimer(leftMs, () => this.finish({ reason: 'answer-timeout' }));
  }

  private finish(verdict: Verdict): void {
    this.close();
    this.done({ ...verdict, durationMs: this.options.clock.monotonicMs() - this.beganMs });
  }

  private close(): void {
    this.over = true;
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    this.options.conversation?.close();
    this.stream?.destroy();
  }
}

function reasonOf(code: DialErrorCode): ProbeReason {
  switch (code) {
    case 'refused':
    case 'path-missing':
      return 'refused';
    case 'timeout':
      return 'connect-timeout';
    case 'unreachable':
    case 'not-permitted':
    case 'socket-failed':
      return 'unreachable';
    case 'reset':
      return 'closed-early';
    case 'name-unknown':
    case 'name-failed':
      return 'not-resolved';
    // Nothing is known of the server when it was us who could not.
    case 'local-address':
    case 'descriptors-limit':
    case 'tls-settings':
      return 'not-made';
    case 'tls-closed':
    case 'tls-not-spoken':
    case 'tls-version':
    case 'tls-refused':
    case 'tls-protocol':
      return 'tls-failed';
    case 'tls-expired':
    case 'tls-not-yet-valid':
    case 'tls-name-mismatch':
    case 'tls-unknown-authority':
    case 'tls-revoked':
    case 'tls-certificate':
      return 'certificate-refused';
    default:
      return unreachable(code);
  }
}
