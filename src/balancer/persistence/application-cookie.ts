/**
 * Learns which server holds a session from the cookie that the application itself sets (JSESSIONID,
 * PHPSESSID): the server that set a value is the one that knows it.
 */
import { ownBytes } from '../../core/base/index.ts';
import { type Found, findCookie } from '../keys/pairs.ts';
import type { Server } from '../servers/server.ts';
import type { StickTable } from './stick-table.ts';

export class ApplicationCookie {
  private readonly name: Buffer;
  private readonly table: StickTable;
  private readonly found: Found = { start: 0, length: 0 };

  constructor(name: string, table: StickTable) {
    this.name = ownBytes(name, 'latin1');
    this.table = table;
  }

  /** The server of the session that a Cookie field's value names. */
  read(buf: Buffer, start: number, length: number, nowMs: number): Server | undefined {
    const value = this.valueIn(buf, start, length);
    return value === undefined ? undefined : this.table.find(value, nowMs);
  }

  /** Looks at the value of a Set-Cookie field of a server's answer; returns whether a session was bound. */
  learn(buf: Buffer, start: number, length: number, server: Server, nowMs: number): boolean {
    // Only the first pair of Set-Cookie is a cookie; what follows are its attributes (RFC 6265, 4.1.1).
    const semicolon = buf.indexOf(0x3b, start);
    const end = semicolon === -1 ? start + length : Math.min(semicolon, start + length);
    const value = this.valueIn(buf, start, end - start);
    if (value === undefined) return false;
    this.table.bind(value, server, nowMs);
    return true;
  }

  private valueIn(buf: Buffer, start: number, length: number): string | undefined {
    const { found } = this;
    if (!findCookie(buf, start, length, this.name, found) || found.length === 0) return undefined;
    return buf.toString('latin1', found.start, found.start + found.length);
  }
}
