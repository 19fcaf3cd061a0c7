/**
 * CONNECT with `:protocol` (RFC 8441): how a stream of HTTP/2 becomes a WebSocket or another tunnel.
 *
 *     CONNECT, :protocol  ──▶  GET, Upgrade, Sec-WebSocket-Key      as HTTP/1.1 would have asked (section 5)
 *     200                 ◀──  101, Sec-WebSocket-Accept            checked and left out
 *
 * So routes, stages and servers see one kind of upgrade, whatever brought it.
 */
import { createHash } from 'node:crypto';
import type { Random } from '../../runtime/index.ts';
import { FieldId, MethodId, type RequestHead, type ResponseHead } from '../../wire/index.ts';

/** RFC 6455 section 1.3. */
const ACCEPT_SALT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY_BYTES = 16;

/** Turns the request into an upgrade of HTTP/1.1. Returns the key of a WebSocket, '' for other protocols. */
export function turnIntoUpgrade(request: RequestHead, random: Random): string {
  const { fields } = request;
  request.method = MethodId.get;
  const protocol = fields.get(FieldId.upgrade);
  if (protocol?.toLowerCase() !== 'websocket') return '';
  const key = random.bytes(KEY_BYTES).toString('base64');
  fields.set(FieldId.secWebsocketKey, key);
  return key;
}

/** Whether a response that switches has understood what was asked; `key` as above. */
export function hasSwitched({ fields }: ResponseHead, key: string): boolean {
  if (key === '') return true;
  const accept = createHash('sha1').update(`${key}${ACCEPT_SALT}`).digest('base64');
  return fields.get(FieldId.secWebsocketAccept) === accept;
}

/** Makes the response that switched one that says that the tunnel is open. */
export function turnIntoConnected(head: ResponseHead): void {
  if (head.status === 101) {
    head.status = 200;
    head.reasonLength = 0;
  }
  head.fields.removeAll(FieldId.secWebsocketAccept);
}
