/**
 * Reads a whole message into records (RFC 1035 section 4): for clients, checks and tests. Servers read queries by
 * `QueryReader`.
 *
 * Promises: strict, what is read is the message to its last octet; bounded, since every record takes octets and every
 * name ends; never throws.
 */
import { formatIp } from '../../base/index.ts';
import { HEADER_BYTES, recordTypes } from './constants.ts';
import { type DnsName, readName } from './name.ts';
import type { DnsRecord, RecordData, ServiceParam } from './record-data.ts';
import { areServiceParams } from './service-params.ts';

export interface DnsMessage {
  readonly id: number;
  /** The second 16 bits: see `headerBits`. */
  readonly flags: number;
  readonly questions: readonly { readonly name: DnsName; type: number; class: number }[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** OPT among them, as bytes. */
  readonly additionals: readonly DnsRecord[];
}

/** @returns null when the bytes are no message. */
export function readMessage(bytes: Buffer): DnsMessage | null {
  if (bytes.length < HEADER_BYTES) return null;
  const questions: { name: DnsName; type: number; class: number }[] = [];
  let at = HEADER_BYTES;
  for (let left = bytes.readUInt16BE(4); left > 0; left--) {
    const read = readName(bytes, at, bytes.length);
    if (read === null || read.next + 4 > bytes.length) return null;
    const { name, next } = read;
    questions.push({
      name,
      type: bytes.readUInt16BE(next),
      class: bytes.readUInt16BE(next + 2),
    });
    at = next + 4;
  }
  const sections: DnsRecord[][] = [];
  for (let section = 0; section < 3; section++) {
    const records: DnsRecord[] = [];
    for (let left = bytes.readUInt16BE(6 + 2 * section); left > 0; left--) {
      const read = readRecord(bytes, at);
      if (read === null) return null;
      records.push(read.record);
      at = read.next;
    }
    sections.push(records);
  }
  if (at !== bytes.length) return null;
  const [answers, authorities, additionals] = sections as [DnsRecord[], DnsRecord[], DnsRecord[]];
  const id = bytes.readUInt16BE(0);
  return { id, flags: bytes.readUInt16BE(2), questions, answers, authorities, additionals };
}

function readRecord(bytes: Buffer, start: number): { record: DnsRecord; next: number } | null {
  const owner = readName(bytes, start, bytes.length);
  if (owner === null || owner.next + 10 > bytes.length) return null;
  const dataAt = owner.next + 10;
  const next = dataAt + bytes.readUInt16BE(owner.next + 8);
  if (next > bytes.length) return null;
  const data = new DataReader(bytes, dataAt, next).read(bytes.readUInt16BE(owner.next));
  if (data === null) return null;
  const dnsClass = bytes.readUInt16BE(owner.next + 2);
  const ttlSeconds = bytes.readUInt32BE(owner.next + 4);
  return { record: { owner: owner.name, class: dnsClass, ttlSeconds, data }, next };
}

/** Reads one record's data; `bad` is set by the first misfit. */
class DataReader {
  private readonly bytes: Buffer;
  private readonly end: number;
  private at: number;
  private bad = false;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  read(type: number): RecordData | null {
    const data = this.data(type);
    return this.bad || this.at !== this.end ? null : data;
  }

  private data(type: number): RecordData {
    switch (type) {
      case recordTypes.A:
        return { type: 'A', address: this.address(4) };
      case recordTypes.AAAA:
        return { type: 'AAAA', address: this.address(16) };
      case recordTypes.NS:
        return { type: 'NS', target: this.name() };
      case recordTypes.CNAME:
        return { type: 'CNAME', target: this.name() };
      case recordTypes.PTR:
        return { type: 'PTR', target: this.name() };
      case recordTypes.MX:
        return { type: 'MX', preference: this.number(2), target: this.name() };
      case recordTypes.SRV: {
        const [priority, weight, port] = [this.number(2), this.number(2), this.number(2)];
        return { type: 'SRV', priority, weight, port, target: this.name() };
      }
      case recordTypes.TXT: {
        const texts = [this.text()];
        while (!this.bad && this.at < this.end) texts.push(this.text());
        return { type: 'TXT', texts };
      }
      case recordTypes.HINFO:
        return { type: 'HINFO', cpu: this.text(), os: this.text() };
      case recordTypes.CAA:
        return this.caa();
      case recordTypes.SOA:
        return {
          type: 'SOA',
          primary: this.name(),
          contact: this.name(),
          serial: this.number(4),
          refreshSeconds: this.number(4),
          retrySeconds: this.number(4),
          expireSeconds: this.number(4),
          negativeSeconds: this.number(4),
        };
      case recordTypes.SVCB:
        return this.service('SVCB');
      case recordTypes.HTTPS:
        return this.service('HTTPS');
      default:
        return { type, bytes: this.rest() };
    }
  }

  private caa(): RecordData {
    const flags = this.number(1);
    const tag = this.text();
    // RFC 8659 section 4.1.
    if (!/^[A-Za-z0-9]+$/.test(tag)) this.bad = true;
    return { type: 'CAA', flags, tag, value: this.rest().toString('latin1') };
  }

  private service(type: 'SVCB' | 'HTTPS'): RecordData {
    const priority = this.number(2);
    const target = this.name();
    const params: ServiceParam[] = [];
    while (!this.bad && this.at < this.end) {
      const key = this.number(2);
      params.push({ key, value: this.octets(this.number(2)) });
    }
    if (!areServiceParams(params)) this.bad = true;
    return { type, priority, target, params };
  }

  private address(count: number): string {
    const octets = this.octets(count);
    return this.bad ? '' : formatIp(octets);
  }

  private name(): DnsName {
    const read = this.bad ? null : readName(this.bytes, this.at, this.end);
    if (read === null) {
      this.bad = true;
      return '';
    }
    this.at = read.next;
    return read.name;
  }

  private text(): string {
    return this.octets(this.number(1)).toString('latin1');
  }

  private number(count: number): number {
    if (this.bad || this.at + count > this.end) {
      this.bad = true;
      return 0;
    }
    this.at += count;
    return this.bytes.readUIntBE(this.at - count, count);
  }

  private rest(): Buffer {
    return this.octets(this.end - this.at);
  }

  /** Memory of its own. */
  private octets(count: number): Buffer {
    if (this.bad || count < 0 || this.at + count > this.end) {
      this.bad = true;
      return Buffer.alloc(0);
    }
    this.at += count;
    return Buffer.from(this.bytes.subarray(this.at - count, this.at));
  }
}
