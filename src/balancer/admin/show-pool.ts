/** A pool as status shows it. */
import type { Histogram } from '../../core/observe/index.ts';
import type { Registrations } from '../discovery/registrations.ts';
import type { DrainShown } from '../draining/drain-report.ts';
import type { DrainReport } from '../health/drain.ts';
import { probeReasonTable } from '../health/prober.ts';
import { statusClasses } from '../listeners/traffic.ts';
import { serverAddressText } from '../pools/address.ts';
import type { Backend } from '../pools/backend.ts';
import type { ServingPool } from '../pools/serving-pool.ts';
import type { Server } from '../servers/server.ts';
import { type ServerCause, serverCauseTable } from '../servers/server-causes.ts';
import type { CheckShown, LatencyShown, PoolShown, ServerShown } from './balancer-status.ts';

const CAUSES = Object.keys(serverCauseTable) as ServerCause[];

export function showPool(
  pool: ServingPool,
  registrations: Registrations,
  nowMs: number,
): PoolShown {
  const { name, runtime, membership } = pool;
  const { queue, connect, head, total } = runtime.times;
  const { sources, tooMany } = membership.status();
  return {
    name,
    policy: runtime.settings.policy,
    queued: runtime.queued,
    queuedTotal: runtime.queuedTotal,
    refused: runtime.refused,
    retries: runtime.retries,
    hedges: runtime.hedges,
    latency: {
      queue: latencyOf(queue),
      connect: latencyOf(connect),
      firstByte: latencyOf(head),
      total: latencyOf(total),
    },
    sources,
    registrations: registrations.list(name) ?? [],
    tooMany,
    servers: [...runtime.backends.values()].map((backend) => showServer(pool, backend, nowMs)),
  };
}

export function causesOf({ runtime }: ServingPool, server: Server): ServerCause[] {
  return CAUSES.filter((cause) => runtime.pool.has(server, cause));
}

/** A drain without the list of who is there, which is for those with the token. */
export function briefly(drain: DrainShown | undefined): DrainReport | null {
  if (drain === undefined) return null;
  const { state, atStart, left, cut, elapsedMs } = drain;
  return { state, atStart, left, cut, elapsedMs: Math.round(elapsedMs) };
}

export function byClass(counts: readonly number[]): Record<string, number> {
  return Object.fromEntries(statusClasses.map((name, i) => [name, counts[i] ?? 0]));
}

function showServer(pool: ServingPool, backend: Backend, nowMs: number): ServerShown {
  const { server, origin } = backend;
  const { record, breaker } = server;
  return {
    name: server.name,
    address: serverAddressText(origin.address),
    state: server.state,
    causes: causesOf(pool, server),
    weight: server.weight,
    weighed: pool.membership.isWeighed(server.name),
    priority: server.priority,
    share: round(server.share),
    active: server.active,
    queued: origin.queued,
    connections: { active: origin.active, idle: origin.kept, connecting: origin.connecting },
    requests: backend.requests,
    successes: backend.successes,
    failures: backend.failures,
    abandoned: backend.abandoned,
    retries: backend.retries,
    statuses: byClass(backend.statuses),
    reasons: Object.fromEntries(backend.reasons),
    check: showCheck(pool, server),
    breaker:
      breaker === undefined
        ? null
        : {
            state: breaker.state(nowMs),
            probesInMs: Math.max(0, Math.round((breaker.probesFromMs ?? nowMs) - nowMs)),
          },
    ejection: pool.runtime.pool.has(server, 'ejected')
      ? {
          endsInMs: Math.max(0, Math.round(record.ejectedUntilMs - nowMs)),
          times: record.ejections,
        }
      : null,
    drain: briefly(pool.drains.report(server)),
    from: pool.membership.sourceOf(server.name) ?? 'settings',
  };
}

function showCheck({ checks }: ServingPool, server: Server): CheckShown | null {
  const report = checks.report(server);
  if (report === undefined) return null;
  const { state, last } = report;
  return {
    state,
    reason: last?.reason ?? null,
    says: last === undefined ? null : probeReasonTable[last.reason].says,
    status: last?.status ?? null,
    detail: last?.detail ?? null,
    at: last === undefined ? null : new Date(last.atWallMs).toISOString(),
  };
}

function latencyOf(histogram: Histogram): LatencyShown {
  return {
    count: histogram.count,
    p50Ms: round(histogram.quantile(0.5)),
    p95Ms: round(histogram.quantile(0.95)),
    p99Ms: round(histogram.quantile(0.99)),
    maxMs: round(histogram.max),
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
