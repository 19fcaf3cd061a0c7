/** A listener that speaks HTTP: limits, who is believed, and the routes. */
import type { Listening, Networks } from '../../core/base/index.ts';
import {
  type EndingReason,
  HTTP_LIMITS,
  type HttpLimits,
  type HttpListener,
  type HttpServerEvents,
  type ListenerStats,
  listenHttp,
} from '../../core/downstream/index.ts';
import { answer, type Exchange, type Handler } from '../../core/http/index.ts';
import type { Endings } from '../../core/observe/index.ts';
import type { Clock, Random, TlsOptions, Transport } from '../../core/runtime/index.ts';
import { FieldId, type ResponseHead } from '../../core/wire/index.ts';
import type { ListenerSettings } from '../config/config.ts';
import { EditedResponse, type ResponseEditor } from './edited-response.ts';
import { networksOf } from './networks-of.ts';
import type { TlsDoor } from './tls-door.ts';

export interface HttpDoorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: ListenerSettings;
  readonly tls: TlsOptions | undefined;
  readonly events: HttpServerEvents;
  /** Decides about a request; asked anew for each. */
  route(listener: string, exchange: Exchange): Handler | undefined;
}

export class HttpDoor implements TlsDoor {
  settings: ListenerSettings;
  tls: TlsOptions | undefined;
  readonly listening: Listening;
  private readonly http: HttpListener;
  private readonly trust: { networks: Networks };
  private hsts: StrictTransport | null;

  private constructor(
    { settings, tls }: HttpDoorOptions,
    http: HttpListener,
    trust: { networks: Networks },
  ) {
    this.settings = settings;
    this.tls = tls;
    this.hsts = hstsOf(settings);
    this.http = http;
    this.trust = trust;
    this.listening = {
      protocol: settings.tls.certificates.length > 0 ? 'HTTPS' : 'HTTP',
      host: settings.bind,
      port: http.listener.port,
    };
  }

  /** @throws ListenError */
  static async open(options: HttpDoorOptions): Promise<HttpDoor> {
    const { settings, tls, transport, clock, random, events } = options;
    const trust = { networks: networksOf(settings.trusted) };
    let door: HttpDoor | undefined;
    const http = await listenHttp({
      ...{ transport, clock, random, events },
      address:
        settings.socket === undefined
          ? { host: settings.bind, port: settings.port }
          : { path: settings.socket },
      ...(tls !== undefined && { tls }),
      connectionsMax: settings.limits.connections,
      limits: limitsOf(settings),
      http2Cleartext: settings.http2Cleartext,
      proxyProtocol: settings.proxyProtocol,
      allowConnect: settings.allowConnect,
      trusts: (address) => trust.networks.contains(address),
      handler: (exchange) => (door as HttpDoor).handle(exchange, options.route),
    });
    door = new HttpDoor(options, http, trust);
    return door;
  }

  get open(): number {
    return this.http.listener.connections;
  }

  get endings(): Endings<EndingReason> {
    return this.http.listener.endings;
  }

  stats(): ListenerStats {
    return this.http.listener.stats();
  }

  apply(settings: ListenerSettings): void {
    this.settings = settings;
    this.hsts = hstsOf(settings);
    this.trust.networks = networksOf(settings.trusted);
    const { server } = this.http;
    server.limits = limitsOf(settings);
    server.http2Cleartext = settings.http2Cleartext;
    server.proxyProtocol = settings.proxyProtocol;
    server.allowConnect = settings.allowConnect;
    this.http.listener.setConnectionsMax(settings.limits.connections);
  }

  updateTls(tls: TlsOptions): void {
    this.http.listener.updateTls(tls);
    this.tls = tls;
  }

  drain(deadlineMs: number): Promise<number> {
    return this.http.listener.drain(deadlineMs);
  }

  stop(): Promise<void> {
    return this.http.listener.stop();
  }

  private handle(exchange: Exchange, route: HttpDoorOptions['route']): void {
    const { settings } = this;
    exchange.journey.listener = settings.name;
    if (settings.redirectToHttps && !exchange.client.encrypted) {
      redirectToHttps(exchange);
      return;
    }
    if (this.hsts !== null && exchange.client.encrypted) {
      exchange.sink = new EditedResponse(exchange.sink, this.hsts);
    }
    const handler = route(settings.name, exchange);
    if (handler === undefined)
      answer(exchange, { status: 404, says: 'No route takes this request.' });
    else handler(exchange);
  }
}

/** Tells browsers to come by TLS only, RFC 6797. A server's own field is replaced. */
class StrictTransport implements ResponseEditor {
  private readonly value: string;

  constructor(maxAgeMs: number) {
    this.value = `max-age=${Math.floor(maxAgeMs / 1000)}`;
  }

  editResponse({ fields }: ResponseHead): boolean {
    return fields.set(FieldId.strictTransportSecurity, this.value);
  }
}

function hstsOf({ tls }: ListenerSettings): StrictTransport | null {
  return tls.hstsMaxAgeMs > 0 ? new StrictTransport(tls.hstsMaxAgeMs) : null;
}

function redirectToHttps(exchange: Exchange): void {
  const { request } = exchange;
  const host = request.host();
  if (host === '') {
    answer(exchange, { status: 400, says: 'The request names no host to be redirected to.' });
    return;
  }
  const query = request.hasQuery ? `?${request.query()}` : '';
  const location = `https://${host}${request.path()}${query}`;
  answer(exchange, { status: 308, fields: [[FieldId.location, location]] });
}

function limitsOf({ limits, timeouts }: ListenerSettings): HttpLimits {
  return {
    ...HTTP_LIMITS,
    head: {
      headBytes: limits.headBytes,
      fieldsMax: limits.fields,
      targetBytes: limits.targetBytes,
    },
    bodyBytes: limits.bodyBytes,
    headMs: timeouts.headMs,
    idleMs: timeouts.idleMs,
    bodyStallMs: timeouts.bodyMs,
    sendStallMs: timeouts.sendMs,
    requestMs: timeouts.requestMs,
    tunnelIdleMs: timeouts.tcpIdleMs,
    requestsMax: limits.requestsPerConnection,
    connectionsPerAddress: limits.connectionsPerAddress,
  };
}
