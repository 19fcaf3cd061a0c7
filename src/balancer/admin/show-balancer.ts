/** The whole balancer as status shows it. */
import type { AccessLog } from '../access-log/access-log.ts';
import type { Registrations } from '../discovery/registrations.ts';
import type { ListenerDrains } from '../draining/listener-drains.ts';
import { addressText } from '../draining/under-way.ts';
import type { SessionTable } from '../l4/backends.ts';
import type { Door } from '../listeners/door.ts';
import type { TrafficTable } from '../listeners/traffic.ts';
import type { ServingPool } from '../pools/serving-pool.ts';
import type { RouteTable } from '../routes/route-table.ts';
import type { BalancerStatus, ListenerShown } from './balancer-status.ts';
import { briefly, byClass, showPool } from './show-pool.ts';

/** What is read of the balancer, by status and metrics. */
export interface Observed {
  readonly traffic: { readonly listeners: TrafficTable; readonly routes: TrafficTable };
  readonly registrations: Registrations;
  readonly listenerDrains: ListenerDrains;
  readonly accessLog: AccessLog;
  readonly openDoors: Iterable<Door>;
  readonly servingPools: Iterable<ServingPool>;
  readonly routeTable: RouteTable;
  nowMs(): number;
}

export function showBalancer(balancer: Observed): BalancerStatus {
  const { traffic, routeTable, accessLog, registrations } = balancer;
  const nowMs = balancer.nowMs();
  return {
    listeners: [...balancer.openDoors].map((door) => showListener(balancer, door)),
    routes: routeTable.routes.map(({ name, kind, pools }) => {
      const { requests, byClass: counts } = traffic.routes.of(name);
      return { name, kind, pools, requests, statuses: byClass(counts) };
    }),
    pools: [...balancer.servingPools].map((pool) => showPool(pool, registrations, nowMs)),
    accessLog: accessLog.isOn ? { lines: accessLog.lines, dropped: accessLog.dropped } : null,
  };
}

function sessionsOf(table: SessionTable): ListenerShown['sessions'] {
  const { bytesUp, bytesDown } = table.stats();
  const ended = table.endings.reasons.reduce((sum, reason) => sum + table.endings.of(reason), 0);
  return { ended, bytesIn: bytesUp, bytesOut: bytesDown };
}

function showListener({ traffic, listenerDrains }: Observed, door: Door): ListenerShown {
  const { name, protocol, socket } = door.settings;
  const { requests, byClass: counts, refused } = traffic.listeners.of(name);
  const { host, port } = door.listening;
  return {
    name,
    protocol,
    address: socket === undefined ? addressText(host, port) : `unix:${socket}`,
    open: door.open,
    requests,
    sessions: door.sessions === undefined ? null : sessionsOf(door.sessions),
    statuses: byClass(counts),
    refused: Object.fromEntries(refused),
    drain: briefly(listenerDrains.report(door)),
  };
}
