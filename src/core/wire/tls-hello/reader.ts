/**
 * The inside of a ClientHello (RFC 8446 section 4.1.2).
 *
 * Invariant: every length is held against what surrounds it, and every vector ends exactly where its last
 * element does; the first misfit is the problem and nothing is read after it.
 */
import type { HelloProblem } from './problems.ts';

const randomBytes = 32;
const sessionIdBytesMax = 32;
const extensionServerName = 0;
const extensionAlpn = 16;
const extensionVersions = 43;
const hostName = 0;
/** RFC 1035 section 2.3.4; no label is empty or longer than 63. */
const hostBytesMax = 253;
const host = /^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

export class HelloReader {
  serverName = '';
  alpn: string[] = [];
  versions: number[] = [];
  problem: HelloProblem | null = null;
  private readonly bytes: Buffer;
  private at = 0;

  constructor(body: Buffer) {
    this.bytes = body;
  }

  read(): void {
    const { bytes } = this;
    this.at = 2 + randomBytes;
    const sessionId = this.vector(1, bytes.length);
    const suites = this.vector(2, bytes.length);
    const compressions = this.vector(1, bytes.length);
    if (sessionId === null || suites === null || compressions === null) return;
    const fits =
      sessionId.length <= sessionIdBytesMax &&
      suites.length >= 2 &&
      suites.length % 2 === 0 &&
      compressions.length >= 1;
    if (!fits) {
      this.fail('bad-length');
      return;
    }
    // Before TLS 1.3 a hello without extensions may end here.
    if (this.at < bytes.length) this.readExtensions();
    if (this.problem === null && this.versions.length === 0)
      this.versions = [bytes.readUInt16BE(0)];
  }

  private readExtensions(): void {
    const all = this.vector(2, this.bytes.length);
    if (all === null) return;
    if (this.at !== this.bytes.length) {
      this.fail('bad-length');
      return;
    }
    const seen = new Set<number>();
    const end = this.at;
    this.at = end - all.length;
    while (this.at < end && this.problem === null) {
      const type = this.at + 2 <= end ? this.bytes.readUInt16BE(this.at) : -1;
      this.at += 2;
      const value = this.vector(2, end);
      if (value === null) return;
      // Section 4.2: no type twice.
      if (seen.has(type)) this.fail('bad-extension');
      seen.add(type);
      if (type === extensionServerName) this.readServerName(value);
      else if (type === extensionAlpn) this.readAlpn(value);
      else if (type === extensionVersions) this.readVersions(value);
    }
  }

  /** A list with one name of the only type there is (RFC 6066 section 3). */
  private readServerName(value: Buffer): void {
    const lengthAt = 3;
    const start = 5;
    const one =
      value.length > start &&
      value.readUInt16BE(0) === value.length - 2 &&
      value[2] === hostName &&
      value.readUInt16BE(lengthAt) === value.length - start;
    const name = one ? value.toString('latin1', start).toLowerCase() : '';
    if (name.length > hostBytesMax || !host.test(name)) this.fail('bad-server-name');
    else this.serverName = name;
  }

  private readAlpn(value: Buffer): void {
    const fits = value.length > 2 && value.readUInt16BE(0) === value.length - 2;
    let at = fits ? 2 : value.length + 1;
    while (at < value.length) {
      const length = value[at]!;
      if (length === 0) break;
      this.alpn.push(value.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    if (at !== value.length) this.fail('bad-protocols');
  }

  private readVersions(value: Buffer): void {
    const length = value.length === 0 ? 0 : value[0]!;
    if (length < 2 || length % 2 !== 0 || length !== value.length - 1) {
      this.fail('bad-versions');
      return;
    }
    for (let at = 1; at < value.length; at += 2) {
      const version = value.readUInt16BE(at);
      const madeUp = (version & 0x0f0f) === 0x0a0a && version >> 8 === (version & 0xff);
      if (!madeUp) this.versions.push(version);
    }
    if (this.versions.length === 0) this.fail('bad-versions');
  }

  /** What a length of `lengthBytes` at the reading position announces, before `end`; null: it does not fit. */
  private vector(lengthBytes: 1 | 2, end: number): Buffer | null {
    const start = this.at + lengthBytes;
    if (start > end) return this.fail('bad-length');
    const length = lengthBytes === 1 ? this.bytes[this.at]! : this.bytes.readUInt16BE(this.at);
    if (start + length > end) return this.fail('bad-length');
    this.at = start + length;
    return this.bytes.subarray(start, this.at);
  }

  private fail(problem: HelloProblem): null {
    this.problem ??= problem;
    return null;
  }
}
