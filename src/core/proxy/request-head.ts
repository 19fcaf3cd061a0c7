/**
 * What becomes of a request's head at any proxy, whatever its route: fields of the connection go, the framing and
 * the host are said in a way that every server takes, Max-Forwards counts.
 */
import { answer, type Exchange } from '../http/index.ts';
import { BodyKind, FieldId, MethodId } from '../wire/index.ts';
import { upgradeOf } from './upgrade.ts';

/** Makes the head one that an HTTP/1.1 server can be sent. */
export function prepareRequest(exchange: Exchange): void {
  const { request } = exchange;
  const { fields } = request;
  // A body before the switch would have to be told from what comes behind it; RFC 9110 section 7.8 lets it go.
  const protocol = request.body === BodyKind.none ? upgradeOf(request) : undefined;
  request.removeHopByHop();
  if (request.body === BodyKind.stream) {
    const known = request.contentLength >= 0;
    request.setBody(known ? BodyKind.length : BodyKind.chunked, request.contentLength);
  }
  request.upgrade = protocol !== undefined;
  if (protocol !== undefined) {
    fields.addKnown(FieldId.upgrade, protocol);
    fields.addKnown(FieldId.connection, 'upgrade');
  }
  if (!fields.has(FieldId.host)) addHost(exchange);
}

/** The authority that HTTP/2 gives; RFC 9112 section 3.3: HTTP/1.0 without one means the host connected to. */
function addHost({ request, client }: Exchange): void {
  const { fields, authorityStart, authorityLength } = request;
  if (authorityLength > 0) fields.addCopy(FieldId.host, authorityStart, authorityLength);
  else fields.addKnown(FieldId.host, hostOf(client));
}

function hostOf({ localAddress, localPort }: Exchange['client']): string {
  if (localPort === 0) return 'localhost';
  const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return `${host}:${localPort}`;
}

/**
 * RFC 9110 section 7.6.2, of OPTIONS and TRACE: counts Max-Forwards down. True: it had come to 0, so that we are
 * the one who was asked, and the exchange has been answered.
 */
export function isForUs(exchange: Exchange): boolean {
  const { fields, method } = exchange.request;
  const value = fields.get(FieldId.maxForwards);
  if (value === undefined || !/^[0-9]{1,9}$/.test(value)) return false;
  const left = Number(value);
  if (left > 0) {
    fields.set(FieldId.maxForwards, String(left - 1));
    return false;
  }
  // A trace shows the fields of the request to scripts of a page that may not read them.
  if (method === MethodId.trace) answer(exchange, { status: 405, fields: [[FieldId.allow, '']] });
  else answer(exchange, { status: 204 });
  return true;
}
