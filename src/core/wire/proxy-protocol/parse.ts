/**
 * Reads a PROXY protocol header, version 1 or 2, from the beginning of a connection.
 *
 * A pure function of all bytes that have come so far: it says 'more' only while they may still become a
 * header, so a stranger is found out at his first wrong byte, and what it says of a problem or a header does
 * not change when more bytes come. Headers are at most 107 bytes in version 1 and `bytesMax` in version 2.
 */
import { formatIp, parseIp } from '../../base/index.ts';
import {
  fixedBytes,
  inet6Bytes,
  inetBytes,
  type ProxyEndpoints,
  type ProxyParsed,
  type ProxyProblem,
  signature,
  unixBytes,
  unixPathBytes,
} from './header.ts';

/** Section 2.1: the longest line with its end. */
const lineBytesMax = 107;
const lineStart = Buffer.from('PROXY ', 'latin1');
/** Room for every extension in use, client certificates' names among them. */
const bytesMaxDefault = 4096;

const more: ProxyParsed = { kind: 'more' };

/** @param bytesMax the longest header of version 2, its fixed part included. */
export function parseProxyHeader(bytes: Buffer, bytesMax: number = bytesMaxDefault): ProxyParsed {
  if (bytes.length === 0) return more;
  if (startsLike(bytes, lineStart))
    return bytes.length < lineStart.length ? more : parseLine(bytes);
  if (!startsLike(bytes, signature)) return problem('not-proxy');
  return bytes.length < signature.length ? more : parseBinary(bytes, bytesMax);
}

/** Whether one is the beginning of the other. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function problem(name: ProxyProblem): ProxyParsed {
  return { kind: 'problem', problem: name };
}

function parseLine(bytes: Buffer): ProxyParsed {
  const within = bytes.subarray(0, lineBytesMax);
  const end = within.indexOf('\r\n', 0, 'latin1');
  if (end < 0) return within.length < lineBytesMax ? more : problem('line-too-long');
  const line = within.toString('latin1', lineStart.length, end);
  // What follows UNKNOWN is to be ignored.
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) {
    return { kind: 'header', bytes: end + 2, header: { version: 1, endpoints: null } };
  }
  const parts = line.split(' ');
  if (parts.length !== 5) return problem('bad-line');
  const [protocol, source, destination, sourcePort, destinationPort] = parts as [
    string,
    string,
    string,
    string,
    string,
  ];
  if (protocol !== 'TCP4' && protocol !== 'TCP6') return problem('bad-line');
  const length = protocol === 'TCP4' ? 4 : 16;
  const from = parseIp(source);
  const to = parseIp(destination);
  const ports = [portOf(sourcePort), portOf(destinationPort)] as [number, number];
  if (from?.length !== length || to?.length !== length || ports.includes(-1)) {
    return problem('bad-address');
  }
  const endpoints: ProxyEndpoints = {
    family: length === 4 ? 'inet' : 'inet6',
    transport: 'stream',
    sourceAddress: formatIp(from),
    sourcePort: ports[0],
    destinationAddress: formatIp(to),
    destinationPort: ports[1],
  };
  return { kind: 'header', bytes: end + 2, header: { version: 1, endpoints } };
}

/** Decimal without sign or leading zeros, -1 when it is none. */
function portOf(text: string): number {
  if (!/^(0|[1-9][0-9]{0,4})$/.test(text)) return -1;
  const port = Number(text);
  return port <= 65_535 ? port : -1;
}

function parseBinary(bytes: Buffer, bytesMax: number): ProxyParsed {
  const versionAt = signature.length;
  if (bytes.length <= versionAt) return more;
  const version = bytes[versionAt]! >> 4;
  const command = bytes[versionAt]! & 15;
  if (version !== 2) return problem('bad-version');
  if (command > 1) return problem('bad-command');
  if (bytes.length <= versionAt + 1) return more;
  const kind = bytes[versionAt + 1]!;
  const family = kind >> 4;
  const transport = kind & 15;
  if (family > 3 || transport > 2) return problem('bad-family');
  if (bytes.length < fixedBytes) return more;
  const end = fixedBytes + bytes.readUInt16BE(versionAt + 2);
  if (end > bytesMax) return problem('too-long');
  // LOCAL, and a family or transport that is not told: the receiver is to ignore the addresses.
  const told = command === 1 && family > 0 && transport > 0;
  const addressBytes = told ? addressBytesOf(family) : 0;
  if (fixedBytes + addressBytes > end) return problem('too-short');
  if (bytes.length < end) return more;
  if (!told) return { kind: 'header', bytes: end, header: { version: 2, endpoints: null } };
  if (!extensionsEndWith(bytes, fixedBytes + addressBytes, end)) return problem('bad-extension');
  const endpoints = endpointsOf(bytes, family, transport === 1 ? 'stream' : 'datagram');
  return { kind: 'header', bytes: end, header: { version: 2, endpoints } };
}

function addressBytesOf(family: number): number {
  return family === 1 ? inetBytes : family === 2 ? inet6Bytes : unixBytes;
}

/** Section 2.2.1: each has a type, a length of two bytes and as much value. */
function extensionsEndWith(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at + 3 <= end) at += 3 + bytes.readUInt16BE(at + 1);
  return at === end;
}

function endpointsOf(
  bytes: Buffer,
  family: number,
  transport: ProxyEndpoints['transport'],
): ProxyEndpoints {
  const at = fixedBytes;
  if (family === 3) {
    return {
      family: 'unix',
      transport,
      sourceAddress: pathOf(bytes.subarray(at, at + unixPathBytes)),
      sourcePort: 0,
      destinationAddress: pathOf(bytes.subarray(at + unixPathBytes, at + unixBytes)),
      destinationPort: 0,
    };
  }
  const length = family === 1 ? 4 : 16;
  return {
    family: family === 1 ? 'inet' : 'inet6',
    transport,
    sourceAddress: formatIp(bytes.subarray(at, at + length)),
    sourcePort: bytes.readUInt16BE(at + 2 * length),
    destinationAddress: formatIp(bytes.subarray(at + length, at + 2 * length)),
    destinationPort: bytes.readUInt16BE(at + 2 * length + 2),
  };
}

/** Up to the first NUL, but an abstract socket (unix(7)) begins with one. */
function pathOf(field: Buffer): string {
  const nul = field.indexOf(0, 1);
  const path = field.subarray(0, nul < 0 ? field.length : nul);
  return path.length === 1 && path[0] === 0 ? '' : path.toString('utf8');
}
