/**
 * Writes a message, piece by piece, into memory that is used again (RFC 1035 section 4).
 *
 * Promises: nothing is written beyond the memory, a record that does not fit is taken back whole; names are
 * compressed (section 4.1.4) where RFC 3597 section 4 lets them be, against names of any case, since the name of the
 * question stands as it was asked.
 */
import { parseIp } from '../../base/index.ts';
import { dnsClasses, HEADER_BYTES, recordTypes } from './constants.ts';
import { type DnsName, foldName, ROOT } from './name.ts';
import type { RecordData } from './record-data.ts';

/** Offsets that a pointer can have. */
const pointerMax = 0x3fff;

export class MessageWriter {
  /** Where the next octet goes. */
  at = HEADER_BYTES;
  private readonly bytes: Buffer;
  private readonly bytesMax: number;
  /** Lower suffixes of names to where they stand. */
  private readonly places = new Map<DnsName, number>();
  private full = false;

  constructor(bytes: Buffer, bytesMax = bytes.length) {
    this.bytes = bytes;
    this.bytesMax = Math.min(bytesMax, bytes.length);
  }

  header(id: number, flags: number, counts: readonly [number, number, number, number]): void {
    this.bytes.writeUInt16BE(id, 0);
    this.bytes.writeUInt16BE(flags, 2);
    for (let at = 0; at < 4; at++) this.bytes.writeUInt16BE(counts[at]!, 4 + 2 * at);
  }

  /** @returns false when it does not fit. */
  question(name: DnsName, type: number, dnsClass: number = dnsClasses.IN): boolean {
    return this.whole(() => {
      this.name(name, true);
      this.word(type);
      this.word(dnsClass);
    });
  }

  /** @returns false when it does not fit; then nothing of it stands there. */
  record(
    owner: DnsName,
    ttlSeconds: number,
    data: RecordData,
    dnsClass: number = dnsClasses.IN,
  ): boolean {
    return this.whole(() => {
      this.name(owner, true);
      this.word(typeNumber(data));
      this.word(dnsClass);
      this.long(ttlSeconds);
      this.word(0);
      const start = this.at;
      this.data(data);
      if (!this.full) this.bytes.writeUInt16BE(this.at - start, start - 2);
    });
  }

  private data(data: RecordData): void {
    switch (data.type) {
      case 'A':
      case 'AAAA':
        this.octets(parseIp(data.address)!);
        return;
      case 'NS':
      case 'CNAME':
      case 'PTR':
        this.name(data.target, true);
        return;
      case 'SOA':
        this.name(data.primary, true);
        this.name(data.contact, true);
        this.long(data.serial);
        this.long(data.refreshSeconds);
        this.long(data.retrySeconds);
        this.long(data.expireSeconds);
        this.long(data.negativeSeconds);
        return;
      case 'MX':
        this.word(data.preference);
        this.name(data.target, true);
        return;
      case 'TXT':
        for (const text of data.texts) this.text(text);
        return;
      case 'HINFO':
        this.text(data.cpu);
        this.text(data.os);
        return;
      case 'SRV':
        this.word(data.priority);
        this.word(data.weight);
        this.word(data.port);
        this.name(data.target, false);
        return;
      case 'CAA':
        this.octets(Buffer.from([data.flags]));
        this.text(data.tag);
        this.octets(Buffer.from(data.value, 'latin1'));
        return;
      case 'SVCB':
      case 'HTTPS':
        this.word(data.priority);
        this.name(data.target, false);
        for (const { key, value } of data.params) {
          this.word(key);
          this.word(value.length);
          this.octets(value);
        }
        return;
      default:
        this.octets(data.bytes);
    }
  }

  private name(name: DnsName, mayCompress: boolean): void {
    const lower = foldName(name);
    let from = 0;
    while (name.charCodeAt(from) !== 0) {
      const suffix = lower.slice(from);
      const place = this.places.get(suffix);
      if (place !== undefined && mayCompress) {
        this.word(0xc000 | place);
        return;
      }
      if (place === undefined && this.at <= pointerMax && !this.full) {
        this.places.set(suffix, this.at);
      }
      const end = from + 1 + name.charCodeAt(from);
      this.octets(Buffer.from(name.slice(from, end), 'latin1'));
      from = end;
    }
    this.octets(Buffer.from(ROOT, 'latin1'));
  }

  private text(text: string): void {
    this.octets(Buffer.from([text.length]));
    this.octets(Buffer.from(text, 'latin1'));
  }

  private word(value: number): void {
    if (!this.room(2)) return;
    this.at = this.bytes.writeUInt16BE(value, this.at);
  }

  private long(value: number): void {
    if (!this.room(4)) return;
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }

  private octets(octets: Buffer): void {
    if (!this.room(octets.length)) return;
    octets.copy(this.bytes, this.at);
    this.at += octets.length;
  }

  private room(count: number): boolean {
    if (this.at + count > this.bytesMax) this.full = true;
    return !this.full;
  }

  private whole(write: () => void): boolean {
    const start = this.at;
    write();
    if (!this.full) return true;
    this.full = false;
    this.at = start;
    for (const [name, place] of this.places) if (place >= start) this.places.delete(name);
    return false;
  }
}

/** The number of a record's type. */
export function typeNumber({ type }: RecordData): number {
  return typeof type === 'number' ? type : recordTypes[type];
}
