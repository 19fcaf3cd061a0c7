/**
 * Reads a query straight from its datagram into numbers and offsets: RFC 1035 section 4, EDNS(0) of RFC 6891,
 * Client Subnet of RFC 7871, cookies of RFC 7873. Hot: bench/edge-dns.ts.
 *
 * Promises: every octet is accounted for, so what is read as a query is one and nothing follows it; the
 * work is bounded by the message; no memory is made. One reader serves all queries, its fields hold until the
 * next `read`.
 */
import {
  DNSSEC_OK,
  ednsOptions,
  HEADER_BYTES,
  headerBits,
  LABEL_BYTES_MAX,
  metaTypes,
  NAME_BYTES_MAX,
  OPT_BYTES,
  opcodes,
} from './constants.ts';

/** What to do with a message. */
export const QueryVerdict = {
  /** It is a query: answer it. */
  answer: 0,
  /** It is none, or a response: an answer could go round in circles. */
  ignore: 1,
  formatError: 2,
  notImplemented: 3,
  badVersion: 4,
  /** It asks for nothing but a cookie: RFC 7873 section 5.4. */
  cookieOnly: 5,
} as const;
export type QueryVerdict = (typeof QueryVerdict)[keyof typeof QueryVerdict];

/** Records beside the question that a query may carry; more are no query's. */
const recordsMax = 16;
/** A client's cookie, and one with a server's behind it, octets: RFC 7873 section 4. */
const clientCookieBytes = 8;
const serverCookieBytesMin = 8;
const serverCookieBytesMax = 32;
const rootOwnerBytes = 1;
/** Type, class, TTL, length. */
const recordFixedBytes = 10;
const hashPrime = 0x01000193;

export class QueryReader {
  id = 0;
  /** The second 16 bits. */
  flags = 0;
  /** The question's name in wire form and lower case, for as long as `nameLength` says. */
  readonly name = Buffer.alloc(NAME_BYTES_MAX);
  nameLength = 0;
  /** Of the name, by this reader's seed. */
  nameHash = 0;
  /** Without the root's. */
  labelCount = 0;
  type = 0;
  class = 0;
  /** Where the question ends; 0: it could not be read, or there is none. */
  questionEnd = 0;

  hasEdns = false;
  /** What the client takes by UDP, octets. */
  udpBytes = 0;
  dnssecOk = false;
  wantsNsid = false;
  /** Where the cookie stands; 0: none. Its first 8 octets are the client's, the others were ours. */
  cookieAt = 0;
  cookieLength = 0;
  hasSubnet = false;
  /** 1 IPv4, 2 IPv6, 0 neither (only with a prefix of 0). */
  subnetFamily = 0;
  subnetBits = 0;
  /** Where its octets stand: as many as its bits need. */
  subnetAt = 0;

  private readonly seed: number;

  constructor(seed = 0x811c9dc5) {
    this.seed = seed;
  }

  read(bytes: Uint8Array, length: number): QueryVerdict {
    this.questionEnd = 0;
    this.hasEdns = false;
    this.udpBytes = 512;
    this.dnssecOk = false;
    this.wantsNsid = false;
    this.cookieAt = 0;
    this.cookieLength = 0;
    this.hasSubnet = false;
    if (length < HEADER_BYTES) return QueryVerdict.ignore;
    this.id = word(bytes, 0);
    const flags = word(bytes, 2);
    this.flags = flags;
    if ((flags & headerBits.response) !== 0) return QueryVerdict.ignore;
    if ((flags & headerBits.opcode) >>> 11 !== opcodes.query) return QueryVerdict.notImplemented;
    // RFC 9619: a query has one question at most.
    const questions = word(bytes, 4);
    if (questions > 1) return QueryVerdict.formatError;
    const plain = word(bytes, 6) + word(bytes, 8);
    const additional = word(bytes, 10);
    if (plain + additional > recordsMax) return QueryVerdict.formatError;
    if (questions === 0) {
      const verdict = this.readRecords(bytes, length, HEADER_BYTES, plain, plain + additional);
      if (verdict !== QueryVerdict.answer) return verdict;
      return this.cookieAt > 0 ? QueryVerdict.cookieOnly : QueryVerdict.formatError;
    }
    const nameEnd = this.readName(bytes, length);
    if (nameEnd === 0 || nameEnd + 4 > length) return QueryVerdict.formatError;
    this.type = word(bytes, nameEnd);
    this.class = word(bytes, nameEnd + 2);
    this.questionEnd = nameEnd + 4;
    if (this.type === metaTypes.OPT) return QueryVerdict.formatError;
    if (plain + additional === 0) {
      return this.questionEnd === length ? QueryVerdict.answer : QueryVerdict.formatError;
    }
    return this.readRecords(bytes, length, this.questionEnd, plain, plain + additional);
  }

  /** @returns where it ends, 0 when it is malformed. A question's name has nothing that a pointer could point to. */
  private readName(bytes: Uint8Array, length: number): number {
    const { name } = this;
    let hash = this.seed;
    let at = HEADER_BYTES;
    let to = 0;
    let labels = 0;
    for (;;) {
      if (at >= length) return 0;
      const size = bytes[at]!;
      if (size > LABEL_BYTES_MAX) return 0;
      const end = at + 1 + size;
      if (end > length || to + 1 + size > NAME_BYTES_MAX) return 0;
      for (; at < end; at++) {
        const octet = bytes[at]!;
        // Lengths of labels are below the letters.
        const lower = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
        name[to++] = lower;
        hash = Math.imul(hash ^ lower, hashPrime);
      }
      if (size === 0) break;
      labels++;
    }
    this.nameLength = to;
    this.nameHash = hash >>> 0;
    this.labelCount = labels;
    return at;
  }

  /** Everything behind the question; of it only OPT says something to us. */
  private readRecords(
    bytes: Uint8Array,
    length: number,
    start: number,
    plain: number,
    count: number,
  ): QueryVerdict {
    let at = start;
    let version = 0;
    for (let index = 0; index < count; index++) {
      const nameEnd = skipName(bytes, at, length);
      const dataAt = nameEnd + recordFixedBytes;
      if (nameEnd === 0 || dataAt > length) return QueryVerdict.formatError;
      const end = dataAt + word(bytes, nameEnd + 8);
      if (end > length) return QueryVerdict.formatError;
      if (word(bytes, nameEnd) === metaTypes.OPT) {
        // RFC 6891 section 6.1.1: one, additional, owned by the root.
        const fits = index >= plain && nameEnd === at + rootOwnerBytes && !this.hasEdns;
        if (!fits) return QueryVerdict.formatError;
        this.hasEdns = true;
        this.udpBytes = Math.max(512, word(bytes, nameEnd + 2));
        version = bytes[nameEnd + 5]!;
        this.dnssecOk = (word(bytes, nameEnd + 6) & DNSSEC_OK) !== 0;
        // What a later version means by its options nobody knows.
        if (version === 0 && !this.readOptions(bytes, at + OPT_BYTES, end)) {
          return QueryVerdict.formatError;
        }
      }
      at = end;
    }
    if (at !== length) return QueryVerdict.formatError;
    return version === 0 ? QueryVerdict.answer : QueryVerdict.badVersion;
  }

  private readOptions(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      if (at + 4 > end) return false;
      const code = word(bytes, at);
      const length = word(bytes, at + 2);
      at += 4;
      if (at + length > end) return false;
      if (code === ednsOptions.nsid) {
        // RFC 5001 section 2.1 has queries send it empty.
        if (length !== 0) return false;
        this.wantsNsid = true;
      } else if (code === ednsOptions.cookie) {
        if (!this.readCookie(at, length)) return false;
      } else if (code === ednsOptions.clientSubnet) {
        if (this.hasSubnet || !this.readSubnet(bytes, at, length)) return false;
      }
      at += length;
    }
    return true;
  }

  /** RFC 7873 section 5.2.2; of several the first counts. */
  private readCookie(at: number, length: number): boolean {
    const server = length - clientCookieBytes;
    const fits = server === 0 || (server >= serverCookieBytesMin && server <= serverCookieBytesMax);
    if (fits && this.cookieAt === 0) {
      this.cookieAt = at;
      this.cookieLength = length;
    }
    return fits;
  }

  /** RFC 7871 section 6, with the checks of section 7.2.1's authoritative servers. */
  private readSubnet(bytes: Uint8Array, at: number, length: number): boolean {
    if (length < 4) return false;
    const family = word(bytes, at);
    const source = bytes[at + 2]!;
    const scope = bytes[at + 3]!;
    const bitsMax = family === 1 ? 32 : family === 2 ? 128 : 0;
    const octets = (source + 7) >>> 3;
    if (family > 2 || source > bitsMax || scope !== 0 || length !== 4 + octets) return false;
    const spare = octets * 8 - source;
    if (spare > 0 && (bytes[at + 3 + octets]! & ((1 << spare) - 1)) !== 0) return false;
    this.hasSubnet = true;
    this.subnetFamily = family;
    this.subnetBits = source;
    this.subnetAt = at + 4;
    return true;
  }
}

/** @returns where the name ends, 0 when it is malformed; a pointer is its end, where it points is nobody's business. */
function skipName(bytes: Uint8Array, start: number, length: number): number {
  let at = start;
  while (at < length) {
    const size = bytes[at]!;
    if (size === 0) return at + 1;
    if (size >= 0xc0) {
      const target = at + 1 < length ? ((size & 0x3f) << 8) | bytes[at + 1]! : at;
      return target >= HEADER_BYTES && target < start ? at + 2 : 0;
    }
    if (size > LABEL_BYTES_MAX) return 0;
    at += 1 + size;
    if (at - start > NAME_BYTES_MAX) return 0;
  }
  return 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
