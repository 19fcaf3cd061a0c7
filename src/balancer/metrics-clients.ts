/** Metrics of what clients do: by listener and by route. */
import type { MetricSpec } from '../core/observe/index.ts';
import type { Observed } from './admin/show-balancer.ts';
import { statusClasses, type Traffic } from './listeners/traffic.ts';

export function listenerMetrics(balancer: Observed): readonly MetricSpec[] {
  const { listeners } = balancer.traffic;
  return [
    {
      name: 'plinth_balancer_connections',
      help: 'Connections open at a listener, or its sessions of UDP.',
      type: 'gauge',
      labels: ['listener'],
      collect(emit) {
        for (const { settings, open } of balancer.openDoors) emit(open, settings.name);
      },
    },
    {
      name: 'plinth_balancer_connections_accepted_total',
      help: 'Connections accepted by a listener, those turned away among them.',
      type: 'counter',
      labels: ['listener'],
      collect(emit) {
        for (const door of balancer.openDoors) {
          const stats = door.stats?.();
          if (stats !== undefined) emit(stats.accepted, door.settings.name);
        }
      },
    },
    {
      name: 'plinth_balancer_connections_ended_total',
      help: 'Connections of a listener that have ended, by reason.',
      type: 'counter',
      labels: ['listener', 'reason'],
      collect(emit) {
        for (const { settings, endings } of balancer.openDoors) {
          for (const reason of endings?.reasons ?? []) {
            emit(endings?.of(reason) ?? 0, settings.name, reason);
          }
        }
      },
    },
    {
      name: 'plinth_balancer_sessions_ended_total',
      help: 'Sessions of TCP, TLS passed on and UDP that have ended, by reason.',
      type: 'counter',
      labels: ['listener', 'reason'],
      collect(emit) {
        for (const { settings, sessions } of balancer.openDoors) {
          for (const reason of sessions?.endings.reasons ?? []) {
            emit(sessions?.endings.of(reason) ?? 0, settings.name, reason);
          }
        }
      },
    },
    {
      name: 'plinth_balancer_datagrams_dropped_total',
      help: 'Datagrams that were not passed on, by reason.',
      type: 'counter',
      labels: ['listener', 'reason'],
      collect(emit) {
        for (const { settings, sessions } of balancer.openDoors) {
          for (const reason of sessions?.drops?.reasons ?? []) {
            emit(sessions?.drops?.of(reason) ?? 0, settings.name, reason);
          }
        }
      },
    },
    {
      name: 'plinth_balancer_session_bytes_total',
      help: 'Bytes of sessions that are over, from clients (in) and to them (out).',
      type: 'counter',
      labels: ['listener', 'direction'],
      collect(emit) {
        for (const { settings, sessions } of balancer.openDoors) {
          const stats = sessions?.stats();
          if (stats === undefined) continue;
          emit(stats.bytesUp, settings.name, 'in');
          emit(stats.bytesDown, settings.name, 'out');
        }
      },
    },
    byClass(
      'plinth_balancer_requests_total',
      'Requests of a listener that have ended, by class of the status sent.',
      'listener',
      () => listeners.entries(),
    ),
    {
      name: 'plinth_balancer_requests_ended_total',
      help: 'Requests of a listener that have ended, by reason.',
      type: 'counter',
      labels: ['listener', 'reason'],
      collect(emit) {
        for (const [name, { endings }] of listeners.entries()) {
          for (const [reason, count] of endings) emit(count, name, reason);
        }
      },
    },
    {
      name: 'plinth_balancer_requests_refused_total',
      help: 'Messages that were no valid requests, by the name of the problem.',
      type: 'counter',
      labels: ['listener', 'problem'],
      collect(emit) {
        for (const [name, { refused }] of listeners.entries()) {
          for (const [problem, count] of refused) emit(count, name, problem);
        }
      },
    },
    {
      name: 'plinth_balancer_body_bytes_total',
      help: 'Bytes of bodies, from clients (in) and to them (out), of requests that have ended.',
      type: 'counter',
      labels: ['listener', 'direction'],
      collect(emit) {
        for (const [name, { receivedBytes, sentBytes }] of listeners.entries()) {
          emit(receivedBytes, name, 'in');
          emit(sentBytes, name, 'out');
        }
      },
    },
  ];
}

export function routeMetrics(balancer: Observed): readonly MetricSpec[] {
  return [
    byClass(
      'plinth_balancer_route_requests_total',
      'Requests of a route that have ended, by class of the status sent.',
      'route',
      () => balancer.traffic.routes.entries(),
    ),
  ];
}

function byClass(
  name: string,
  help: string,
  label: string,
  entries: () => Iterable<readonly [string, Traffic]>,
): MetricSpec {
  return {
    ...{ name, help, labels: [label, 'class'] },
    type: 'counter',
    collect(emit) {
      for (const [of, traffic] of entries()) {
        for (const [i, count] of traffic.byClass.entries()) {
          emit(count, of, statusClasses[i] as string);
        }
      }
    },
  };
}
