/**
 * One request as a line of the access log. Of what a client sends it has the target, the host, the user agent and
 * the referer; Authorization and cookies are in no line.
 *
 * Hot: once a request while the log is on; bench/balancer/access-log.ts.
 */
import type { RequestEnding } from '../../core/downstream/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import { FieldId, Version } from '../../core/wire/index.ts';
import { jsonText } from './json-text.ts';

/** Longer texts are cut, characters. */
const TEXT_MAX = 2048;

let second = Number.NaN;
let secondText = '';

/**
 * @param wallMs when it ended
 * @param totalMs from its head to its end
 */
export function accessLine(
  exchange: Exchange,
  ending: RequestEnding,
  wallMs: number,
  totalMs: number,
): string {
  const { client, journey, request } = exchange;
  const { fields } = request;
  return `{"time":"${timeText(wallMs)}","listener":${jsonText(journey.listener)},"route":${jsonText(exchange.route)},"pool":${jsonText(journey.pool)},"server":${jsonText(exchange.server)},"client":${jsonText(client.remoteAddress)},"clientPort":${client.remotePort},"tls":${client.encrypted},"method":${shown(request.methodName())},"host":${shown(request.authority())},"target":${shown(request.target())},"protocol":"${protocolOf(request.version)}","status":${exchange.status},"ending":"${ending}","failure":"${journey.failure}","attempts":${journey.attempts},"bytesIn":${exchange.receivedBytes},"bytesOut":${exchange.sentBytes},"queueMs":${duration(journey.queueMs)},"connectMs":${duration(journey.connectMs)},"firstByteMs":${duration(journey.firstByteMs)},"totalMs":${duration(totalMs)},"requestId":${shown(fields.get(FieldId.xRequestId))},"traceparent":${shown(fields.get(FieldId.traceparent))},"userAgent":${shown(fields.get(FieldId.userAgent))},"referer":${shown(fields.get(FieldId.referer))}}\n`;
}

function shown(text: string | undefined): string {
  if (text === undefined || text === '') return 'null';
  return jsonText(text.length > TEXT_MAX ? text.slice(0, TEXT_MAX) : text);
}

/** Milliseconds to three places; null for a phase that was not reached. */
function duration(ms: number): string | number {
  return Number.isNaN(ms) ? 'null' : Math.round(ms * 1000) / 1000;
}

function protocolOf(version: Version): string {
  if (version === Version.http11) return 'HTTP/1.1';
  return version === Version.http2 ? 'HTTP/2' : 'HTTP/1.0';
}

/** RFC 3339 in UTC with milliseconds; the date is made once a second. */
function timeText(wallMs: number): string {
  const now = Math.floor(wallMs / 1000);
  if (now !== second) {
    second = now;
    secondText = new Date(now * 1000).toISOString().slice(0, 20);
  }
  const ms = Math.floor(wallMs - now * 1000);
  return `${secondText}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}
