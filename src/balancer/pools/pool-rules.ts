/** What a pool's settings mean to the parts that it is made of. */
import {
  breakerDefaults,
  CircuitBreaker,
  RetryBudget,
  retryBudgetDefaults,
} from '../../core/resilience/index.ts';
import type { Clock, ListenAddress, Network, TlsClient } from '../../core/runtime/index.ts';
import {
  Origin,
  type OriginLimits,
  type UpstreamFailure,
  upstreamFailures,
} from '../../core/upstream/index.ts';
import type { PoolSettings } from '../config/config.ts';
import { type OutlierOptions, outlierDefaults } from '../health/outliers.ts';
import { type SlowStartOptions, slowStartDefaults } from '../health/slow-start.ts';
import { type RetryRules, retryRuleDefaults } from '../retries/retry-decision.ts';
import type { Server } from '../servers/server.ts';

export function slowStartOptions({ health }: PoolSettings): SlowStartOptions {
  return { ...slowStartDefaults, windowMs: health.slowStartMs };
}

export function outlierOptions({ outliers }: PoolSettings): OutlierOptions {
  const { consecutive, ejectMs, ejectMaxMs, shareMax } = outliers;
  return { ...outlierDefaults, failuresInRow: consecutive, ejectMs, ejectMaxMs, shareMax };
}

export function retryRulesOf({ retries }: PoolSettings): RetryRules {
  const { attempts, statuses } = retries;
  return { ...retryRuleDefaults, attemptsMax: attempts, statuses };
}

export function newBudget({ retries }: PoolSettings): RetryBudget {
  return new RetryBudget({ ...retryBudgetDefaults, share: retries.budget });
}

/** Failures that are limits and decisions of ours: they say nothing of the server. */
const OURS: ReadonlySet<UpstreamFailure> = new Set([
  upstreamFailures.queueFull,
  upstreamFailures.queueTimeout,
  upstreamFailures.drained,
]);

export function isOurs(failure: UpstreamFailure | undefined): boolean {
  return failure !== undefined && OURS.has(failure);
}

/** Whether another attempt can help: who has waited his time has waited, and a full server stays full. */
export function mayRetry(failure: UpstreamFailure | undefined, otherServer: boolean): boolean {
  if (failure === upstreamFailures.queueTimeout) return false;
  return failure !== upstreamFailures.queueFull || otherServer;
}

/** Limits of the connections to one server; one that drains keeps none. */
export function originLimits({ upstream }: PoolSettings, draining: boolean): OriginLimits {
  const { connectionsMax, idleMax, idleMs, queueMax, queueMs, connectMs, headMs, bodyMs } =
    upstream;
  return {
    idleMax: draining ? 0 : idleMax,
    ...{ connectionsMax, idleMs, queueMax, queueMs, connectMs, headMs },
    bodyStallMs: bodyMs,
  };
}

/** Connections to one server of a pool. */
export function newOrigin({
  network,
  clock,
  settings,
  tls,
  address,
  draining,
}: {
  readonly network: Network;
  readonly clock: Clock;
  readonly settings: PoolSettings;
  readonly tls: TlsClient | undefined;
  readonly address: ListenAddress;
  readonly draining: boolean;
}): Origin {
  const { protocol, proxyProtocol, source } = settings.upstream;
  return new Origin({
    ...{ network, clock, address, protocol, limits: originLimits(settings, draining) },
    ...(tls !== undefined && { tls }),
    ...(proxyProtocol !== 'no' && { proxyProtocol }),
    ...(source !== undefined && { localAddress: source }),
  });
}

/** Gives a server the breaker that the settings ask for; one that it has keeps its state. */
export function equip(server: Server, { breaker }: PoolSettings): void {
  const { enabled, failures, share, openMs } = breaker;
  const options = {
    ...{ ...breakerDefaults, consecutiveFailures: failures, errorShare: share, openMs },
    openMaxMs: Math.max(openMs, breakerDefaults.openMaxMs),
  };
  if (!enabled) server.breaker = undefined;
  else if (server.breaker === undefined) server.breaker = new CircuitBreaker(options);
  else server.breaker.options = options;
}
