/**
 * Reads the ClientHello that a TLS connection begins with (RFC 8446 sections 4.1.2 and 5.1), to know where
 * the connection wants to go before anybody answers it. Nothing is decrypted.
 *
 * A pure function of all bytes that have come so far: it says 'more' only while they may still become a
 * ClientHello, and what it says of a problem or a hello does not change when more bytes come. At most
 * `bytesMax` bytes in `recordsMax` records are looked at, so to be asked after each byte is harmless too.
 */

import type { HelloProblem } from './problems.ts';
import { HelloReader } from './reader.ts';

export interface ClientHello {
  /** SNI (RFC 6066 section 3) in lower case; empty when the client names no server. */
  readonly serverName: string;
  /** ALPN (RFC 7301), the one wanted most first; empty when there is none. */
  readonly alpn: readonly string[];
  /** Versions offered, as on the wire (0x0304 is TLS 1.3), without the made-up ones of RFC 8701. */
  readonly versions: readonly number[];
}

export type HelloParsed =
  | { readonly kind: 'more' }
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  | { readonly kind: 'problem'; readonly problem: HelloProblem };

const bytesMaxDefault = 16_384;
const recordsMax = 32;
const recordHeaderBytes = 5;
const messageHeaderBytes = 4;
/** RFC 8446 section 5.1. */
const recordBytesMax = 16_384;
const handshakeRecord = 22;
const clientHello = 1;

const more: HelloParsed = { kind: 'more' };

export function parseClientHello(bytes: Buffer, bytesMax: number = bytesMaxDefault): HelloParsed {
  const fragments: Buffer[] = [];
  let gathered = 0;
  /** Length of the message with its header, once known. */
  let wanted = -1;
  let at = 0;
  for (let records = 0; ; records++) {
    if (bytes.length > at && bytes[at] !== handshakeRecord) return problem('not-tls');
    // Whatever the minor version: it is frozen and to be ignored (section 5.1).
    if (bytes.length > at + 1 && bytes[at + 1] !== 3) return problem('not-tls');
    if (bytes.length < at + recordHeaderBytes) return more;
    if (records === recordsMax) return problem('too-many-records');
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > recordBytesMax) return problem('bad-record');
    at += recordHeaderBytes;
    const fragment = bytes.subarray(at, at + length);
    fragments.push(fragment);
    gathered += fragment.length;
    if (wanted < 0) {
      const head = fragments.length === 1 ? fragment : Buffer.concat(fragments);
      if (head.length > 0 && head[0] !== clientHello) return problem('not-hello');
      if (head.length >= messageHeaderBytes) {
        wanted = messageHeaderBytes + head.readUIntBE(1, 3);
        if (wanted > bytesMax) return problem('too-long');
      }
    }
    if (wanted >= 0 && gathered >= wanted) break;
    if (fragment.length < length) return more;
    at += length;
  }
  const message = fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments);
  return parseMessage(message.subarray(messageHeaderBytes, wanted));
}

function parseMessage(body: Buffer): HelloParsed {
  const reader = new HelloReader(body);
  reader.read();
  if (reader.problem !== null) return problem(reader.problem);
  const { serverName, alpn, versions } = reader;
  return { kind: 'hello', hello: { serverName, alpn, versions } };
}

function problem(name: HelloProblem): HelloParsed {
  return { kind: 'problem', problem: name };
}
