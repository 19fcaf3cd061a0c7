/**
 * The prober that a pool's settings ask for. Each check has a connection of its own, so that a server that
 * takes no new ones is seen although the kept ones work.
 */
import { invariant, ownBytes } from '../../core/base/index.ts';
import type { Clock, Network, TlsClient } from '../../core/runtime/index.ts';
import { encodeProxyHeader, encodeProxyLine, methodIdOf } from '../../core/wire/index.ts';
import type { PoolSettings } from '../config/config.ts';
import type { Prober } from '../health/prober.ts';
import { authorityOf, dialAddressOf } from './address.ts';
import { checkRequest, type HealthSettings, parseStatuses } from './check-rules.ts';
import { type HttpCheck, HttpConversation } from './http-conversation.ts';
import { Probe, type ProbeOptions } from './probe.ts';

/** All that a check depends on. */
export interface CheckPlan {
  readonly health: HealthSettings;
  /** What the pool speaks to its servers with; undefined: no TLS. */
  readonly tls: TlsClient | undefined;
  readonly proxyProtocol: PoolSettings['upstream']['proxyProtocol'];
  /** Our end's address; undefined: the system's choice. */
  readonly source: string | undefined;
}

export interface ProberContext {
  readonly network: Network;
  readonly clock: Clock;
}

/** Undefined when nothing is to be checked. The settings have passed `healthConflicts`. */
export function createProber(plan: CheckPlan, context: ProberContext): Prober | undefined {
  const { health } = plan;
  if (health.check === 'none') return undefined;
  const { network, clock } = context;
  const tls = tlsOf(plan, network);
  const preface = prefaceOf(plan);
  const http = health.check === 'http' ? httpCheckOf(health) : undefined;
  return {
    probe(server, done) {
      const address = dialAddressOf(server, health.port);
      let conversation: ProbeOptions['conversation'];
      if (http !== undefined) {
        const request = checkRequest(health, health.host ?? authorityOf(address));
        conversation = new HttpConversation({ ...http, request });
      }
      const { timeoutMs } = health;
      const base = { network, clock, address, timeoutMs, localAddress: plan.source };
      const options = { ...base, tls, preface, conversation };
      const probe = new Probe(options, done);
      return () => probe.cancel();
    },
  };
}

function httpCheckOf({ method, statuses, body }: HealthSettings): Omit<HttpCheck, 'request'> {
  const set = parseStatuses(statuses);
  invariant(set !== undefined, 'the statuses of a check were validated');
  const name = Buffer.from(method, 'latin1');
  return {
    method: methodIdOf(name, 0, name.length),
    statuses: set,
    text: body === undefined || body === '' ? undefined : ownBytes(body),
  };
}

/**
 * TLS of checks is that of traffic but for two things: no session is resumed, because certificates are looked at
 * in full handshakes only, and an HTTP check speaks HTTP/1.1, whatever traffic speaks.
 */
function tlsOf({ health, tls }: CheckPlan, network: Network): TlsClient | undefined {
  const { check, host } = health;
  if (tls === undefined && check !== 'tls') return undefined;
  if (check === 'tcp') return undefined;
  const { alpn, ...rest } = tls?.options ?? {};
  return network.tlsClient({
    ...rest,
    sessionReuse: false,
    ...(check === 'http' ? { alpn: ['http/1.1'] } : alpn !== undefined && { alpn }),
    ...(check === 'tls' && host !== undefined && { serverName: hostOnly(host) }),
  });
}

/** A server that expects the header closes without; one behind a port of its own expects none. */
function prefaceOf({ health, proxyProtocol }: CheckPlan): Buffer | undefined {
  if (proxyProtocol === 'no' || health.port !== undefined) return undefined;
  return proxyProtocol === 'v1' ? encodeProxyLine(null) : encodeProxyHeader(null);
}

function hostOnly(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
