/**
 * What a client sends before a server can be chosen: a PROXY header, a ClientHello.
 *
 *     header ──valid──▶ hello ──read──▶ ready
 *        └──────────────── no SNI wanted ──▲
 *
 * Invariant: what is kept is bounded by the parsers' own limits and one read more.
 */
import { inOwnMemory, ownCopy } from '../../core/base/index.ts';
import { type ProxyEndpoints, parseClientHello, parseProxyHeader } from '../../core/wire/index.ts';
import type { SessionEnding } from './endings.ts';

/** RFC 8446 section 6: level fatal; the version is the one that every peer reads. */
const alert = (description: number): Buffer => Buffer.from([21, 3, 3, 0, 2, 2, description]);
/** RFC 6066 section 3: a server that does not recognise the name. */
export const UNRECOGNIZED_NAME = alert(112);
const DECODE_ERROR = alert(50);

/** What to tell a client before it is let go; null: nothing, a reset. */
export interface Refusal {
  readonly ending: SessionEnding;
  readonly alert: Buffer | null;
}

export type OpeningStep = 'more' | 'ready' | Refusal;

const NOTHING = Buffer.alloc(0);

export class Opening {
  /** What the client sent, without a header; goes to the server. */
  kept: Buffer = NOTHING;
  /** What a header said; null: there was none, or it says nothing. */
  endpoints: ProxyEndpoints | null = null;
  serverName = '';
  private wantsHeader: boolean;
  private wantsHello: boolean;

  constructor(wantsHeader: boolean, wantsHello: boolean) {
    this.wantsHeader = wantsHeader;
    this.wantsHello = wantsHello;
  }

  get isReady(): boolean {
    return !this.wantsHeader && !this.wantsHello;
  }

  /** How it ends when nothing more comes in time. */
  get timeoutEnding(): SessionEnding {
    return this.wantsHeader ? 'proxy-header-timeout' : 'hello-timeout';
  }

  /** `chunk` is copied. */
  take(chunk: Buffer): OpeningStep {
    this.kept =
      this.kept.length === 0 ? ownCopy(chunk) : inOwnMemory(Buffer.concat([this.kept, chunk]));
    if (this.wantsHeader) {
      const step = this.readHeader();
      if (step !== 'ready') return step;
    }
    return this.wantsHello ? this.readHello() : 'ready';
  }

  private readHeader(): OpeningStep {
    const parsed = parseProxyHeader(this.kept);
    if (parsed.kind === 'more') return 'more';
    if (parsed.kind === 'problem') return { ending: 'proxy-header-invalid', alert: null };
    this.wantsHeader = false;
    this.endpoints = parsed.header.endpoints;
    this.kept = this.kept.subarray(parsed.bytes);
    return 'ready';
  }

  private readHello(): OpeningStep {
    const parsed = parseClientHello(this.kept);
    if (parsed.kind === 'more') return 'more';
    if (parsed.kind === 'problem') {
      return parsed.problem === 'not-tls'
        ? { ending: 'not-tls', alert: null }
        : { ending: 'hello-invalid', alert: DECODE_ERROR };
    }
    this.wantsHello = false;
    this.serverName = parsed.hello.serverName;
    return 'ready';
  }
}
