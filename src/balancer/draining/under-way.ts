/** What is under way at a server or a listener: who it is for, since when, and how it is brought to an end. */
import { answer, type Exchange } from '../../core/http/index.ts';
import { FieldId, Version } from '../../core/wire/index.ts';
import { WebSocketTap } from './web-socket-tap.ts';

export const kindTable = {
  request: 'a request of HTTP/1',
  'http2-request': 'a request of HTTP/2',
  websocket: 'a WebSocket',
  tunnel: 'an upgraded connection that is no WebSocket, or CONNECT',
  stream: 'a TCP or TLS connection',
  datagrams: 'a session of UDP',
} as const;

export type UnderWayKind = keyof typeof kindTable;

/** One of those that are still there. */
export interface Present {
  /** Address and port. */
  readonly client: string;
  readonly kind: UnderWayKind;
  readonly listener: string;
  readonly pool: string;
  readonly server: string;
  /** Method and path of a request, without its query; the name asked for by TLS. */
  readonly what: string;
  readonly ageMs: number;
}

/** Longer paths are cut. */
const PATH_SHOWN_MAX = 200;
const TAKEN_AWAY = { status: 503, says: 'The server was taken out of service.' };

export function presentExchange(exchange: Exchange, nowMs: number): Present {
  const { client, journey, request, server } = exchange;
  return {
    client: addressText(client.remoteAddress, client.remotePort),
    kind: kindOf(exchange),
    listener: journey.listener,
    pool: journey.pool,
    server,
    what: `${request.methodName()} ${request.path().slice(0, PATH_SHOWN_MAX)}`,
    ageMs: Math.round(nowMs - exchange.startedMs),
  };
}

export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function kindOf(exchange: Exchange): UnderWayKind {
  if (exchange.sink instanceof WebSocketTap) return 'websocket';
  if (exchange.status === 101) return 'tunnel';
  return exchange.request.version === Version.http2 ? 'http2-request' : 'request';
}

/** Whether this request asks for a WebSocket (RFC 6455 section 4.1). */
export function asksForWebSocket({ request }: Exchange): boolean {
  return request.fields.get(FieldId.upgrade)?.toLowerCase() === 'websocket';
}

/** Ends what can be told so in order: a WebSocket by 1001. @returns false when there is no such way. */
export function sayGoodbye({ sink }: Exchange): boolean {
  if (!(sink instanceof WebSocketTap)) return false;
  sink.goodbye();
  return true;
}

/** Ends it now: answered when nothing has been, else broken off. */
export function cutExchange(exchange: Exchange): void {
  if (exchange.isOver) return;
  if (exchange.status !== 0) {
    exchange.abort();
    return;
  }
  exchange.flow?.onAbort();
  exchange.flow = null;
  exchange.sink = exchange;
  answer(exchange, { ...TAKEN_AWAY, fields: [[FieldId.retryAfter, '1']] });
}
