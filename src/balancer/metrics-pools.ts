/** Metrics of what servers do: by pool and by server. */
import type { HistogramMetric, MetricSpec, ScalarMetric } from '../core/observe/index.ts';
import type { Observed } from './admin/show-balancer.ts';
import { statusClasses } from './listeners/traffic.ts';
import type { Backend } from './pools/backend.ts';
import type { ServingPool } from './pools/serving-pool.ts';

type Emit = (value: number, ...labels: string[]) => void;

interface Row {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Beside `pool`, or `pool` and `server`. */
  readonly label?: string;
}

export function poolMetrics(balancer: Observed): readonly MetricSpec[] {
  const ofPool = (row: Row, read: (pool: ServingPool, emit: Emit) => void): ScalarMetric => ({
    ...{ name: row.name, help: row.help, type: row.type },
    labels: ['pool', ...(row.label === undefined ? [] : [row.label])],
    collect(emit) {
      for (const pool of balancer.servingPools) {
        read(pool, (value, ...labels) => emit(value, pool.name, ...labels));
      }
    },
  });
  const ofServer = (row: Row, read: (backend: Backend, emit: Emit) => void): ScalarMetric => ({
    ...{ name: row.name, help: row.help, type: row.type },
    labels: ['pool', 'server', ...(row.label === undefined ? [] : [row.label])],
    collect(emit) {
      for (const { name, runtime } of balancer.servingPools) {
        for (const backend of runtime.backends.values()) {
          read(backend, (value, ...labels) => emit(value, name, backend.server.name, ...labels));
        }
      }
    },
  });
  return [
    ofPool(
      {
        name: 'plinth_balancer_pool_queued',
        help: 'Requests that wait for a server.',
        type: 'gauge',
      },
      ({ runtime }, emit) => emit(runtime.queued),
    ),
    ofPool(
      {
        name: 'plinth_balancer_pool_queued_total',
        help: 'Requests that had to wait for a server.',
        type: 'counter',
      },
      ({ runtime }, emit) => emit(runtime.queuedTotal),
    ),
    ofPool(
      {
        name: 'plinth_balancer_pool_refused_total',
        help: 'Requests refused because too many waited already.',
        type: 'counter',
      },
      ({ runtime }, emit) => emit(runtime.refused),
    ),
    ofPool(
      {
        name: 'plinth_balancer_pool_hedges_total',
        help: 'Attempts made beside one that took long.',
        type: 'counter',
      },
      ({ runtime }, emit) => emit(runtime.hedges),
    ),
    ofPool(
      {
        name: 'plinth_balancer_pool_ejections_total',
        help: 'Servers ejected for their answers, by rule; prevented: the cap was reached.',
        type: 'counter',
        label: 'rule',
      },
      ({ runtime: { outliers } }, emit) => {
        emit(outliers.counts.failuresInRow, 'failures-in-row');
        emit(outliers.counts.outlier, 'outlier');
        emit(outliers.counts.prevented, 'prevented');
      },
    ),
    ofPool(
      {
        name: 'plinth_balancer_pool_checks_total',
        help: 'Health checks that have ended, by result.',
        type: 'counter',
        label: 'result',
      },
      ({ checks }, emit) => {
        for (const [result, count] of Object.entries(checks.counts)) emit(count, result);
      },
    ),
    ofPool(
      {
        name: 'plinth_balancer_pool_servers',
        help: 'Servers of a pool, from all its sources.',
        type: 'gauge',
      },
      ({ runtime }, emit) => emit(runtime.pool.size),
    ),
    ofPool(
      {
        name: 'plinth_balancer_pool_source_up',
        help: '1 when a source of servers answers, 0 when it fails or has not answered yet.',
        type: 'gauge',
        label: 'source',
      },
      ({ membership }, emit) => {
        for (const { kind, state } of membership.status().sources) {
          emit(state === 'good' ? 1 : 0, kind);
        }
      },
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_up',
        help: '1 when a server takes new work, 0 when something keeps it from that.',
        type: 'gauge',
      },
      ({ server }, emit) => emit(server.slot === -1 ? 0 : 1),
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_state',
        help: '1 for the state of a server: up, or the first cause that keeps it from work.',
        type: 'gauge',
        label: 'state',
      },
      ({ server }, emit) => emit(1, server.state),
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_active',
        help: 'Requests and sessions that a server has now.',
        type: 'gauge',
      },
      ({ server }, emit) => emit(server.active),
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_queued',
        help: 'Requests that wait for a connection to a server.',
        type: 'gauge',
      },
      ({ origin }, emit) => emit(origin.queued),
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_connections',
        help: 'Connections to a server that carry a request, are kept idle, or are being made.',
        type: 'gauge',
        label: 'state',
      },
      ({ origin }, emit) => {
        emit(origin.active, 'active');
        emit(origin.kept, 'idle');
        emit(origin.connecting, 'connecting');
      },
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_dials_total',
        help: 'Connections to a server begun.',
        type: 'counter',
      },
      ({ dialledBefore, origin }, emit) => emit(dialledBefore + origin.dialled),
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_attempts_total',
        help: 'Attempts at a server that have ended: whole, failed, or given up by the client.',
        type: 'counter',
        label: 'result',
      },
      ({ successes, failures, abandoned }, emit) => {
        emit(successes, 'success');
        emit(failures, 'failure');
        emit(abandoned, 'abandoned');
      },
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_responses_total',
        help: 'Responses of a server, by class of their status.',
        type: 'counter',
        label: 'class',
      },
      ({ statuses }, emit) => {
        for (const [i, count] of statuses.entries()) {
          if (i > 0) emit(count, statusClasses[i] as string);
        }
      },
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_failures_total',
        help: 'Attempts at a server that have failed, by reason.',
        type: 'counter',
        label: 'reason',
      },
      ({ reasons }, emit) => {
        for (const [reason, count] of reasons) emit(count, reason);
      },
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_retries_total',
        help: 'Attempts at a server that were followed by another one.',
        type: 'counter',
      },
      ({ retries }, emit) => emit(retries),
    ),
    ofServer(
      {
        name: 'plinth_balancer_server_breaker_opened_total',
        help: 'How often the circuit breaker of a server has opened.',
        type: 'counter',
      },
      ({ server }, emit) => emit(server.breaker?.opened ?? 0),
    ),
    latency(balancer),
  ];
}

function latency(balancer: Observed): HistogramMetric {
  return {
    name: 'plinth_balancer_latency_seconds',
    help: 'Requests of a pool: until a server was chosen (queue), its connection was there (connect), its response began (first-byte), the response was whole (total).',
    type: 'histogram',
    labels: ['pool', 'phase'],
    collect(emit) {
      for (const { name, runtime } of balancer.servingPools) {
        const { queue, connect, head, total } = runtime.times;
        emit(queue, name, 'queue');
        emit(connect, name, 'connect');
        emit(head, name, 'first-byte');
        emit(total, name, 'total');
      }
    },
  };
}
