/**
 * Writes PROXY protocol headers.
 */
import { parseIp } from '../../base/index.ts';
import {
  fixedBytes,
  inet6Bytes,
  inetBytes,
  type ProxyEndpoints,
  signature,
  unixBytes,
  unixPathBytes,
} from './header.ts';

const local = 0x20;
const proxied = 0x21;
const mapped = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * Version 1. It knows TCP only: for anything else, or null, the line says UNKNOWN.
 * @throws RangeError when an address is none.
 */
export function encodeProxyLine(endpoints: ProxyEndpoints | null): Buffer {
  if (endpoints === null || endpoints.family === 'unix' || endpoints.transport !== 'stream') {
    return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  }
  const { sourcePort, destinationPort } = endpoints;
  const [source] = addressesOf(endpoints);
  const protocol = source.length === 4 ? 'TCP4' : 'TCP6';
  const text = [endpoints.sourceAddress, endpoints.destinationAddress];
  // One of each family: both are written as IPv6, as nothing mixed can be.
  if (protocol === 'TCP6') {
    for (const [index, one] of text.entries())
      if (!one.includes(':')) text[index] = `::ffff:${one}`;
  }
  const line = `PROXY ${protocol} ${text.join(' ')} ${portOf(sourcePort)} ${portOf(destinationPort)}\r\n`;
  return Buffer.from(line, 'latin1');
}

/**
 * Version 2; null: LOCAL, the connection is the sender's own, as for a health check.
 * @throws RangeError when an address is none or a path has more than 108 bytes.
 */
export function encodeProxyHeader(endpoints: ProxyEndpoints | null): Buffer {
  if (endpoints === null) return start(local, 0, 0);
  const kind = endpoints.transport === 'stream' ? 1 : 2;
  if (endpoints.family === 'unix') {
    const bytes = start(proxied, 0x30 | kind, unixBytes);
    writePath(bytes, fixedBytes, endpoints.sourceAddress);
    writePath(bytes, fixedBytes + unixPathBytes, endpoints.destinationAddress);
    return bytes;
  }
  const [source, destination] = addressesOf(endpoints);
  const { length } = source;
  const bytes =
    length === 4 ? start(proxied, 0x10 | kind, inetBytes) : start(proxied, 0x20 | kind, inet6Bytes);
  source.copy(bytes, fixedBytes);
  destination.copy(bytes, fixedBytes + length);
  bytes.writeUInt16BE(portOf(endpoints.sourcePort), fixedBytes + 2 * length);
  bytes.writeUInt16BE(portOf(endpoints.destinationPort), fixedBytes + 2 * length + 2);
  return bytes;
}

function start(command: number, kind: number, rest: number): Buffer {
  const bytes = Buffer.alloc(fixedBytes + rest);
  signature.copy(bytes);
  bytes[signature.length] = command;
  bytes[signature.length + 1] = kind;
  bytes.writeUInt16BE(rest, signature.length + 2);
  return bytes;
}

/** Both of one length. */
function addressesOf(endpoints: ProxyEndpoints): [Buffer, Buffer] {
  const source = parseIp(endpoints.sourceAddress);
  const destination = parseIp(endpoints.destinationAddress);
  if (source === null || destination === null) throw new RangeError('not an IP address');
  if (source.length === destination.length) return [source, destination];
  const wide = (bytes: Buffer): Buffer =>
    bytes.length === 4 ? Buffer.concat([mapped, bytes]) : bytes;
  return [wide(source), wide(destination)];
}

function portOf(port: number): number {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError('not a port');
  return port;
}

function writePath(bytes: Buffer, at: number, path: string): void {
  const text = Buffer.from(path, 'utf8');
  if (text.length > unixPathBytes) throw new RangeError('a path has more than 108 bytes');
  text.copy(bytes, at);
}
