/**
 * What a proxy tells the next server of the client and of itself: Via, X-Forwarded-*, Forwarded, X-Request-ID,
 * traceparent.
 *
 * What a client that is not trusted says of other clients is not passed on: its X-Forwarded-* and Forwarded
 * fields are replaced, so that a server behind can believe them. Sources: RFC 9110 section 7.6.3, RFC 7239,
 * W3C Trace Context. Call it behind the removal of hop-by-hop fields: a client could name these in Connection.
 */
import type { Exchange } from '../http/index.ts';
import type { Random } from '../runtime/index.ts';
import {
  CLIENT_FIRST,
  CLIENT_LAST,
  FIELD_STRIDE,
  FieldId,
  type FieldLines,
  type Fields,
  fieldLinesOf,
  REMOVED,
  Version,
} from '../wire/index.ts';

export interface ProxyFieldOptions {
  /** Name in Via; empty for no such field. */
  readonly via: string;
  readonly xForwarded: boolean;
  readonly forwarded: boolean;
  readonly requestId: boolean;
  readonly traceparent: boolean;
}

const HTTP = Buffer.from('http', 'latin1');
const HEX_DIGITS = Buffer.from('0123456789abcdef', 'latin1');
const ONE = 0x31;
const HTTPS = Buffer.from('https', 'latin1');
/** Version 00 of traceparent, no part all zeros (W3C Trace Context, section 3.2). */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Ids of others that are passed on: visible ASCII, not endless. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

export class ProxyFields {
  private readonly options: ProxyFieldOptions;
  private readonly random: Random;
  private readonly viaOld: Buffer;
  private readonly via1: Buffer;
  private readonly via2: Buffer;
  private readonly ownTrace = Buffer.from(`00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'latin1');
  private idPrefix = '';
  private idCount = 0;

  constructor(options: ProxyFieldOptions, random: Random) {
    this.options = options;
    this.random = random;
    this.viaOld = Buffer.from(`1.0 ${options.via}`, 'latin1');
    this.via1 = Buffer.from(`1.1 ${options.via}`, 'latin1');
    this.via2 = Buffer.from(`2.0 ${options.via}`, 'latin1');
  }

  /** Edits the head of a request on its way to a server. */
  add(exchange: Exchange): void {
    const { request, client } = exchange;
    const { fields } = request;
    const { via, xForwarded, forwarded, requestId, traceparent } = this.options;
    const { isTrusted } = client;
    if (!isTrusted) removeTold(fields);
    if (xForwarded) {
      if (!isTrusted || !saysOfClients(fields)) this.tell(exchange);
      else this.tellBesides(exchange);
    }
    if (forwarded) this.addForwarded(exchange);
    if (requestId) {
      const given = isTrusted ? fields.get(FieldId.xRequestId) : undefined;
      if (given === undefined || !REQUEST_ID.test(given)) fields.set(FieldId.xRequestId, this.id());
    }
    if (traceparent) {
      const given = fields.get(FieldId.traceparent);
      if (given === undefined || !TRACEPARENT.test(given)) {
        fields.set(FieldId.traceparent, this.trace());
        fields.removeAll(FieldId.tracestate);
      }
    }
    if (via !== '') fields.appendToList(FieldId.via, this.viaOf(request.version));
  }

  private viaOf(version: Version): Buffer {
    if (version === Version.http11) return this.via1;
    return version === Version.http2 ? this.via2 : this.viaOld;
  }

  /** Nobody before us has said anything of the client. */
  private tell({ request, client }: Exchange): void {
    const { fields, authorityStart, authorityLength } = request;
    let { told } = client;
    if (told === undefined || told.by !== this) {
      told = { by: this, lines: linesOf(client) };
      client.told = told;
    }
    fields.addLines(told.lines);
    if (authorityLength > 0) {
      fields.addCopy(FieldId.xForwardedHost, authorityStart, authorityLength);
    }
  }

  /** Behind what a proxy that is trusted has said. */
  private tellBesides({ request, client }: Exchange): void {
    const { fields } = request;
    if (hasAddress(client)) fields.appendToList(FieldId.xForwardedFor, client.addressBytes);
    if (!fields.has(FieldId.xForwardedProto)) {
      fields.addKnown(FieldId.xForwardedProto, client.encrypted ? HTTPS : HTTP);
    }
    if (!fields.has(FieldId.xForwardedHost) && request.authorityLength > 0) {
      fields.addKnown(FieldId.xForwardedHost, request.authority());
    }
    if (!fields.has(FieldId.xForwardedPort) && client.localPort > 0) {
      fields.addKnown(FieldId.xForwardedPort, String(client.localPort));
    }
  }

  private addForwarded({ request, client }: Exchange): void {
    const { fields } = request;
    const address = hasAddress(client) ? client.remoteAddress : 'unknown';
    const node = address.includes(':') ? `"[${address}]"` : address;
    const host = request.authorityLength > 0 ? `;host="${request.authority()}"` : '';
    const proto = client.encrypted ? 'https' : 'http';
    fields.appendToList(FieldId.forwarded, `for=${node};proto=${proto}${host}`);
  }

  /** Unique in this process by its count, among processes by chance. */
  private id(): string {
    if (this.idPrefix === '') this.idPrefix = this.random.bytes(8).toString('hex');
    return `${this.idPrefix}-${(this.idCount++).toString(36)}`;
  }

  /** A new trace, in a buffer that the next call writes anew. */
  private trace(): Buffer {
    const { random, ownTrace } = this;
    for (let word = 0; word < 4; word++) putHex(ownTrace, 3 + word * 8, random.u32());
    putHex(ownTrace, 36, random.u32());
    putHex(ownTrace, 44, random.u32());
    // Neither part may be all zeros.
    ownTrace[34] = ownTrace[51] = ONE;
    return ownTrace;
  }
}

/** Writes 32 bits as 8 small digits. */
function putHex(to: Buffer, at: number, value: number): void {
  for (let i = 0; i < 8; i++) to[at + i] = HEX_DIGITS[(value >>> (28 - i * 4)) & 15]!;
}

/** A client of a Unix socket has none, RFC 7239 section 6.2; the path of ours is nobody's business. */
function hasAddress({ remotePort, remoteAddress }: Exchange['client']): boolean {
  return remotePort !== 0 || (remoteAddress !== '' && !remoteAddress.includes('/'));
}

/** What is the same for all requests of a client. */
function linesOf(client: Exchange['client']): FieldLines {
  const list: [FieldId, Buffer | string][] = [];
  if (hasAddress(client)) list.push([FieldId.xForwardedFor, client.remoteAddress]);
  list.push([FieldId.xForwardedProto, client.encrypted ? HTTPS : HTTP]);
  if (client.localPort > 0) list.push([FieldId.xForwardedPort, String(client.localPort)]);
  return fieldLinesOf(list);
}

function saysOfClients({ at, count }: Fields): boolean {
  for (let row = 4; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    if (at[row]! >= CLIENT_FIRST && at[row]! <= CLIENT_LAST) return true;
  }
  return false;
}

/** What others have said of clients. */
function removeTold({ at, count }: Fields): void {
  for (let row = 4; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    if (at[row]! >= CLIENT_FIRST && at[row]! <= CLIENT_LAST) at[row] = REMOVED;
  }
}
