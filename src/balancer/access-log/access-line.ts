/**
 * One request as a line of the access log. Of what a client sends it has the target, the host, the user agent and
 * the referer; Authorization and cookies are in no line.
 *
 * Hot: once a request while the log is on; bench/balancer/access-log.ts.
 */
import type { RequestEnding } from '../../core/downstream/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import {
  FIELD_STRIDE,
  FieldId,
  type Fields,
  MethodId,
  offsetIn,
  Version,
} from '../../core/wire/index.ts';
import {
  ATTEMPTS,
  BYTES_IN,
  BYTES_OUT,
  beginLine,
  CONNECT,
  END,
  ENDING,
  FIRST_BYTE,
  part,
  TOTAL,
  writeClient,
  writeRoute,
  writeServer,
} from './line-parts.ts';
import type { LineWriter } from './line-writer.ts';

/** Longer texts are cut, bytes. */
const TEXT_MAX = 2048;
const ROOM = { texts: 8, textMax: TEXT_MAX };

const TLS = part(',"tls":true,"method":');
const PLAIN = part(',"tls":false,"method":');
const HOST = part(',"host":');
const TARGET = part(',"target":');
const STATUS = part('"status":');
const FAILURE = part(',"failure":');
const QUEUE = part(',"queueMs":');
const REQUEST_ID = part(',"requestId":');
const TRACEPARENT = part(',"traceparent":');
const USER_AGENT = part(',"userAgent":');
const REFERER = part(',"referer":');
const PROTOCOLS: Readonly<Record<Version, Buffer>> = {
  [Version.http10]: part(',"protocol":"HTTP/1.0",'),
  [Version.http11]: part(',"protocol":"HTTP/1.1",'),
  [Version.http2]: part(',"protocol":"HTTP/2",'),
};

/**
 * @param wallMs when it ended
 * @param totalMs from its head to its end
 */
export function writeAccessLine(
  to: LineWriter,
  exchange: Exchange,
  ending: RequestEnding,
  wallMs: number,
  totalMs: number,
): void {
  const { client, journey, request } = exchange;
  const { fields } = request;
  beginLine(to, wallMs, journey.listener);
  writeRoute(to, exchange.route);
  writeServer(to, journey.pool, exchange.server, ROOM);
  writeClient(to, client.addressBytes, client.remotePort, TEXT_MAX);
  to.put(client.encrypted ? TLS : PLAIN);
  if (request.method === MethodId.other) {
    writeText(to, fields, request.methodStart, request.methodLength);
  } else {
    to.name(request.methodName());
  }
  to.put(HOST);
  writeText(to, fields, request.authorityStart, request.authorityLength);
  to.put(TARGET);
  writeText(to, fields, request.targetStart, request.targetLength);
  to.put(PROTOCOLS[request.version]);
  to.put(STATUS);
  to.number(exchange.status);
  to.put(ENDING);
  to.name(ending);
  to.put(FAILURE);
  to.name(journey.failure);
  to.put(ATTEMPTS);
  to.number(journey.attempts);
  to.put(BYTES_IN);
  to.number(exchange.receivedBytes);
  to.put(BYTES_OUT);
  to.number(exchange.sentBytes);
  to.put(QUEUE);
  to.duration(journey.queueMs);
  to.put(CONNECT);
  to.duration(journey.connectMs);
  to.put(FIRST_BYTE);
  to.duration(journey.firstByteMs);
  to.put(TOTAL);
  to.duration(totalMs);
  to.put(REQUEST_ID);
  writeField(to, fields, FieldId.xRequestId);
  to.put(TRACEPARENT);
  writeField(to, fields, FieldId.traceparent);
  to.put(USER_AGENT);
  writeField(to, fields, FieldId.userAgent);
  to.put(REFERER);
  writeField(to, fields, FieldId.referer);
  to.put(END);
}

function writeText(to: LineWriter, fields: Fields, offset: number, length: number): void {
  to.text(fields.bytesAt(offset), offsetIn(offset), Math.min(TEXT_MAX, length));
}

function writeField(to: LineWriter, fields: Fields, id: FieldId): void {
  const index = fields.find(id);
  const row = index * FIELD_STRIDE;
  if (index === -1) writeText(to, fields, 0, 0);
  else writeText(to, fields, fields.at[row + 2]!, fields.at[row + 3]!);
}
