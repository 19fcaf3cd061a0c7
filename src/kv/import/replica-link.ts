/**
 * A replica's side of the link to a master, without a socket: bytes in, bytes to send and events out.
 * It authenticates, asks for the data set (PSYNC) and tells the snapshot and the stream apart.
 *
 * Invariants: bytes may come cut anywhere; every byte of snapshot and stream is told once and in order;
 * after `onFault` nothing is told any more. Chunks told are views that last for the call.
 */
import { invariant } from '../../core/base/index.ts';
import { encodeCommand } from '../../core/wire/index.ts';
import type { ImportErrorCode } from './errors.ts';
import { LINE_BYTES_MAX } from './limits.ts';
import { type LinkEvent, type LinkState, nextState } from './link-states.ts';

export interface LinkOptions {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Where to go on: the stream's id and the offset of the next byte wanted. Null: everything. */
  readonly resume: { readonly id: string; readonly nextOffset: number } | null;
}

export interface LinkEvents {
  send(bytes: Buffer): void;
  /** A snapshot is promised: the stream's id and the offset that the snapshot has. */
  onFull(id: string, offset: number): void;
  /** The stream goes on; its id may have changed. */
  onContinued(id: string | null): void;
  /** The snapshot begins: its bytes, null where the master does not know them beforehand. */
  onSnapshotBegin(totalBytes: number | null): void;
  onSnapshot(chunk: Buffer): void;
  onSnapshotEnd(): void;
  onStream(chunk: Buffer): void;
  /** `tryLater`: the master says that it can not answer now. */
  onFault(code: ImportErrorCode, text: string, tryLater: boolean): void;
}

/** The mark that ends a snapshot of unknown length: 40 bytes (Redis: CONFIG_RUN_ID_SIZE). */
const MARK_BYTES = 40;
const LF = 10;
const NOTHING = Buffer.alloc(0);
/** Refusals that end by themselves. */
const LATER = /^-(LOADING|NOMASTERLINK|MASTERDOWN|BUSY|TRYAGAIN)\b/;
const AUTH_REFUSED = /^-(WRONGPASS|NOAUTH|ERR (invalid password|Client sent AUTH|AUTH))/;

export class ReplicaLink {
  state: LinkState = 'auth';
  private readonly options: LinkOptions;
  private readonly events: LinkEvents;
  private line = '';
  /** Bytes of a sized snapshot still to come. */
  private remaining = 0;
  private mark: Buffer = NOTHING;
  /** Of a marked snapshot: bytes that may be the beginning of the mark. */
  private tail: Buffer = NOTHING;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.options = options;
    this.events = events;
  }

  /** Says the first word. Called once, when the connection is made. */
  begin(): void {
    const { user, password } = this.options;
    if (password === undefined) {
      this.go('accepted');
      return;
    }
    this.events.send(
      encodeCommand(user === undefined ? ['AUTH', password] : ['AUTH', user, password]),
    );
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.state) {
        case 'ended':
          return;
        case 'stream':
          this.events.onStream(at === 0 ? chunk : chunk.subarray(at));
          return;
        case 'sized':
          at = this.takeSized(chunk, at);
          break;
        case 'marked':
          this.takeMarked(chunk.subarray(at));
          return;
        default:
          at = this.takeLine(chunk, at);
      }
    }
  }

  private takeLine(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(LF, from);
    this.line += chunk.toString('latin1', from, end < 0 ? chunk.length : end);
    if (this.line.length > LINE_BYTES_MAX) this.fail('not-a-source', 'an answer without an end');
    if (end < 0) return chunk.length;
    const line = this.line.endsWith('\r') ? this.line.slice(0, -1) : this.line;
    this.line = '';
    // While the snapshot is made the master sends empty lines, so that both know of each other.
    if (line !== '') this.understand(line);
    return end + 1;
  }

  private understand(line: string): void {
    switch (this.state) {
      case 'psync':
        this.understandPsync(line);
        return;
      case 'length':
        this.understandLength(line);
        return;
      case 'port':
      case 'capa':
        // Masters before these were invented answer with an error and go on.
        if (line.startsWith('+') || line.startsWith('-ERR')) this.go('accepted');
        else this.refused(line);
        return;
      default:
        if (line.startsWith('+')) this.go('accepted');
        else this.refused(line);
    }
  }

  private understandPsync(line: string): void {
    const full = /^\+FULLRESYNC (\S+) (\d+)$/.exec(line);
    if (full !== null) {
      this.go('full');
      this.events.onFull(full[1] as string, Number(full[2]));
      return;
    }
    const again = /^\+CONTINUE(?: (\S+))?$/.exec(line);
    if (again === null || this.options.resume === null) {
      this.refused(line);
      return;
    }
    this.go('continued');
    this.events.onContinued(again[1] ?? null);
  }

  private understandLength(line: string): void {
    const sized = /^\$(\d{1,15})$/.exec(line);
    if (sized !== null) {
      this.remaining = Number(sized[1]);
      this.go('sized');
      this.events.onSnapshotBegin(this.remaining);
      if (this.remaining === 0) this.complete();
      return;
    }
    const mark = /^\$EOF:(.+)$/.exec(line)?.[1];
    if (mark?.length !== MARK_BYTES) {
      this.refused(line);
      return;
    }
    this.mark = Buffer.from(mark, 'latin1');
    this.go('marked');
    this.events.onSnapshotBegin(null);
  }

  private takeSized(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + this.remaining);
    this.remaining -= end - from;
    this.events.onSnapshot(chunk.subarray(from, end));
    if (this.remaining === 0 && this.state === 'sized') this.complete();
    return end;
  }

  private takeMarked(chunk: Buffer): void {
    const bytes = this.tail.length === 0 ? chunk : Buffer.concat([this.tail, chunk]);
    const at = bytes.indexOf(this.mark);
    if (at < 0) {
      const safe = Math.max(0, bytes.length - (MARK_BYTES - 1));
      this.tail = Buffer.from(bytes.subarray(safe));
      if (safe > 0) this.events.onSnapshot(bytes.subarray(0, safe));
      return;
    }
    this.tail = NOTHING;
    if (at > 0) this.events.onSnapshot(bytes.subarray(0, at));
    if (this.state !== 'marked') return;
    this.complete();
    this.push(bytes.subarray(at + MARK_BYTES));
  }

  private complete(): void {
    this.go('complete');
    this.events.onSnapshotEnd();
  }

  private refused(line: string): void {
    if (this.state === 'ended') return;
    const text = `${JSON.stringify(line.slice(0, 200))} to ${this.question()}`;
    if (LATER.test(line)) this.fail('source-busy', text, true);
    else if (AUTH_REFUSED.test(line)) this.fail('auth-refused', text);
    else if (this.state === 'auth') this.fail('auth-refused', text);
    else if (line.startsWith('-NOPERM')) this.fail('not-permitted', text);
    else this.fail('not-a-source', text);
  }

  private question(): string {
    switch (this.state) {
      case 'auth':
        return 'AUTH';
      case 'ping':
        return 'PING';
      case 'port':
      case 'capa':
        return 'REPLCONF';
      default:
        return 'PSYNC';
    }
  }

  /** Ends the link from this side's view: nothing is told any more. */
  end(): void {
    this.state = 'ended';
  }

  private fail(code: ImportErrorCode, text: string, tryLater = false): void {
    if (this.state === 'ended') return;
    this.go('fault');
    this.events.onFault(code, text, tryLater);
  }

  private go(event: LinkEvent): void {
    const next = nextState(this.state, event);
    invariant(next !== undefined, 'an event of a replica link comes where the table has it');
    this.state = next;
    const words = this.wordsOf(next);
    if (words !== null) this.events.send(encodeCommand(words));
  }

  /** What is said on entering a state. */
  private wordsOf(state: LinkState): readonly string[] | null {
    const { resume } = this.options;
    switch (state) {
      case 'ping':
        return ['PING'];
      case 'port':
        // Nobody can connect to an importer.
        return ['REPLCONF', 'listening-port', '0'];
      case 'capa':
        return ['REPLCONF', 'capa', 'eof', 'capa', 'psync2'];
      case 'psync':
        return resume === null
          ? ['PSYNC', '?', '-1']
          : ['PSYNC', resume.id, String(resume.nextOffset)];
      default:
        return null;
    }
  }
}
