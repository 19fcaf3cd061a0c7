/** Numbers of DNS: the registry "Domain Name System (DNS) Parameters" of IANA, as far as we speak of them. */

/** Types of records that have a form of their own here; others are carried as bytes (RFC 3597). */
export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  SVCB: 64,
  HTTPS: 65,
  CAA: 257,
} as const;

/** Types that are asked for or carried, but are no data. */
export const metaTypes = { OPT: 41, IXFR: 251, AXFR: 252, ANY: 255 } as const;

export const dnsClasses = { IN: 1, CHAOS: 3, ANY: 255 } as const;

export const opcodes = { query: 0 } as const;

/** RFC 1035 section 4.1.1; those from 16 need EDNS (RFC 6891 section 6.1.3). */
export const rcodes = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;

/** What rcodes are called in metrics, logs and by dig. */
export const rcodeNames: ReadonlyMap<number, string> = new Map([
  [rcodes.noError, 'NOERROR'],
  [rcodes.formatError, 'FORMERR'],
  [rcodes.serverFailure, 'SERVFAIL'],
  [rcodes.nameError, 'NXDOMAIN'],
  [rcodes.notImplemented, 'NOTIMP'],
  [rcodes.refused, 'REFUSED'],
  [rcodes.badVersion, 'BADVERS'],
]);

/** Options of EDNS: RFC 5001, RFC 7871, RFC 7873. */
export const ednsOptions = { nsid: 3, clientSubnet: 8, cookie: 10 } as const;

/** Bits of the second 16 bits of a message. */
export const headerBits = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  checkingDisabled: 0x0010,
  rcode: 0x000f,
} as const;

export const HEADER_BYTES = 12;
/** RFC 1035 section 2.3.4. */
export const NAME_BYTES_MAX = 255;
export const LABEL_BYTES_MAX = 63;
/** A pointer to where the question's name stands, RFC 1035 section 4.1.4. */
export const QUESTION_POINTER = 0xc000 | HEADER_BYTES;
/** OPT of RFC 6891 without options: root, type, size, extended rcode, version, flags, length. */
export const OPT_BYTES = 11;
/** The flag DO of RFC 3225 in the last 16 bits of the OPT's TTL. */
export const DNSSEC_OK = 0x8000;

const typeNames = new Map<number, string>(
  Object.entries({ ...recordTypes, ...metaTypes }).map(([name, number]) => [number, name]),
);

/** `AAAA`, or `TYPE4711` for one without a name here (RFC 3597 section 5). */
export function typeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** @param text `AAAA` or `TYPE28`, in any case. @returns undefined when it is neither. */
export function typeOf(text: string): number | undefined {
  const upper = text.toUpperCase();
  for (const [number, name] of typeNames) if (name === upper) return number;
  const digits = /^TYPE(0|[1-9][0-9]{0,4})$/.exec(upper)?.[1];
  return digits === undefined || Number(digits) > 0xffff ? undefined : Number(digits);
}
