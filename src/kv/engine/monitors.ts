/** Clients that watch every command (MONITOR). */
import type { Args } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import { monitorLineBytesMax } from '../limits.ts';
import type { Session } from '../session/session.ts';
import type { Engine } from './engine.ts';
import { REDACTED, secretArgs } from './redact.ts';

const NO_SECRETS: ReadonlySet<number> = new Set();

export class Monitors {
  private readonly engine: Engine;
  private readonly sessions = new Set<Session>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get count(): number {
    return this.sessions.size;
  }

  add(session: Session): void {
    session.monitor = true;
    this.sessions.add(session);
  }

  remove(session: Session): void {
    session.monitor = false;
    this.sessions.delete(session);
  }

  /** Shows a command; `source` is the client's address, or `lua`. Given `command`, secrets are hidden. */
  show(db: number, source: string, args: Args, command?: Command): void {
    const secret = command === undefined ? NO_SECRETS : secretArgs(command, args);
    const micros = this.engine.keyspace.nowMs * 1000 + (this.engine.clock.nowMicros() % 1000);
    const seconds = Math.floor(micros / 1e6);
    const rest = String(Math.floor(micros % 1e6)).padStart(6, '0');
    let line = `+${seconds}.${rest} [${db} ${source}]`;
    let left = monitorLineBytesMax;
    for (let i = 0; i < args.count && left > 0; i++) {
      const cut = args.length(i) - left;
      line += ` ${secret.has(i) ? `"${REDACTED}"` : quoted(args.bytes(i).subarray(0, left))}`;
      if (cut > 0) line += ` ... (${cut} more bytes)`;
      left -= args.length(i) + 1;
    }
    const bytes = Buffer.from(`${line}\r\n`, 'latin1');
    for (const session of this.sessions) this.engine.outlet.push(session, bytes);
  }
}

const ESCAPED: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** Bytes as Redis quotes them in MONITOR and SLOWLOG: printable ASCII plain, the rest escaped. */
export function quoted(bytes: Buffer): string {
  let text = '"';
  for (const byte of bytes) {
    const known = ESCAPED[byte];
    if (known !== undefined) text += known;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${text}"`;
}
