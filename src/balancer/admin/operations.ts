/**
 * What operators and servers can ask of a running balancer beside its settings, one row each. What is to last
 * (weights, servers that come and go) are settings and changed by `PATCH /config`.
 */
import type {
  Operation,
  OperationAnswer,
  OperationCall,
  OperationRefused,
} from '../../core/base/index.ts';
import {
  type Registered,
  type Registrations,
  registrationErrorTable,
} from '../discovery/registrations.ts';
import type { ListenerDrains } from '../draining/listener-drains.ts';
import type { Door } from '../listeners/door.ts';
import type { ServingPool } from '../pools/serving-pool.ts';
import { type Server, WEIGHT_MAX } from '../servers/server.ts';
import type { BalancerStatus } from './balancer-status.ts';

/** What the operations need of the balancer. */
export interface Operated {
  readonly registrations: Registrations;
  shown(): BalancerStatus;
  poolNamed(name: string): ServingPool | undefined;
  doorNamed(name: string): Door | undefined;
  readonly listenerDrains: ListenerDrains;
  /** Listens again. @throws ListenError when the address cannot be had. */
  resumeDoor(door: Door): Promise<'resumed' | 'not-draining'>;
}

export const DRAIN_MS = 60_000;
export const DRAIN_MAX_MS = 86_400_000;
const REGISTRATION_TTL_MS = 30_000;

const refusals = {
  'no-such-pool': [404, 'There is no such pool.'],
  'no-such-server': [404, 'The pool has no such server.'],
  'no-such-listener': [404, 'There is no such listener.'],
  'not-draining': [409, 'It is not drained by this call.'],
  'being-cut': [409, 'The deadline is over and what is left is being cut.'],
  'in-settings': [409, 'The server stands in the settings.'],
  'bad-body': [400, 'The body is not as it should be.'],
  'cannot-listen': [409, 'The address cannot be had.'],
  'registration-refused': [400, 'The registration is refused.'],
} as const;

function refuse(
  problem: keyof typeof refusals,
  detail: string,
  status: number = refusals[problem][0],
): OperationRefused {
  return { ok: false, status, problem, title: refusals[problem][1], detail };
}

const done = (body: unknown): OperationAnswer => ({ ok: true, body });

export function balancerOperations(balancer: Operated): readonly Operation[] {
  const ofServer = (
    run: (pool: ServingPool, server: Server, call: OperationCall) => OperationAnswer,
  ): Operation['run'] => {
    return (call) => {
      const { pool: poolName = '', server: serverName = '' } = call.names;
      const pool = balancer.poolNamed(poolName);
      if (pool === undefined) return refuse('no-such-pool', `there is no pool ${poolName}`);
      const server = pool.runtime.pool.find(serverName);
      if (server === undefined) {
        return refuse('no-such-server', `the pool ${poolName} has no server ${serverName}`);
      }
      return run(pool, server, call);
    };
  };
  const ofListener = (
    run: (door: Door, call: OperationCall) => OperationAnswer | Promise<OperationAnswer>,
  ): Operation['run'] => {
    return (call) => {
      const { listener: name = '' } = call.names;
      const door = balancer.doorNamed(name);
      if (door === undefined) return refuse('no-such-listener', `there is no listener ${name}`);
      return run(door, call);
    };
  };
  return [
    {
      method: 'GET',
      path: '/status',
      about: 'Listeners, routes, pools and servers with all that is counted of them.',
      needsToken: false,
      run: () => done(balancer.shown()),
    },
    {
      method: 'POST',
      path: '/pools/:pool/servers/:server/drain',
      about: 'Takes a server out: no new sessions, what is left at the deadline is cut.',
      needsToken: true,
      run: ofServer(drainServer),
    },
    {
      method: 'GET',
      path: '/pools/:pool/servers/:server/drain',
      about: 'How far the drain is, and who is still there.',
      needsToken: true,
      run: ofServer(serverDrain),
    },
    {
      method: 'POST',
      path: '/pools/:pool/servers/:server/resume',
      about: 'Puts a server back that was drained.',
      needsToken: true,
      run: ofServer(resumeServer),
    },
    {
      method: 'POST',
      path: '/pools/:pool/servers/:server/weight',
      about: 'Another weight for a server that was found or registered itself; null takes it back.',
      needsToken: true,
      run: ofServer(weighServer),
    },
    {
      method: 'POST',
      path: '/listeners/:listener/drain',
      about: 'Stops to accept; what is left at the deadline is cut.',
      needsToken: true,
      run: ofListener((door, { body }) => {
        const deadlineMs = deadlineOf(body);
        if (typeof deadlineMs === 'string') return refuse('bad-body', deadlineMs);
        void balancer.listenerDrains.begin(door, deadlineMs);
        return { ok: true, status: 202, body: balancer.listenerDrains.report(door) };
      }),
    },
    {
      method: 'GET',
      path: '/listeners/:listener/drain',
      about: 'How far the drain is, and who is still there.',
      needsToken: true,
      run: ofListener((door) => {
        const report = balancer.listenerDrains.report(door);
        return report === undefined
          ? refuse('not-draining', `the listener ${door.settings.name} is not drained`, 404)
          : done(report);
      }),
    },
    {
      method: 'POST',
      path: '/listeners/:listener/resume',
      about: 'Listens again after a drain.',
      needsToken: true,
      run: ofListener(async (door) => {
        const { name } = door.settings;
        try {
          return (await balancer.resumeDoor(door)) === 'resumed'
            ? done({ listener: name, resumed: true })
            : refuse('not-draining', `the listener ${name} is not drained`);
        } catch (error) {
          return refuse('cannot-listen', error instanceof Error ? error.message : String(error));
        }
      }),
    },
    ...registrationOperations(balancer.registrations),
  ];
}

function drainServer(pool: ServingPool, server: Server, { body }: OperationCall): OperationAnswer {
  const deadlineMs = deadlineOf(body);
  if (typeof deadlineMs === 'string') return refuse('bad-body', deadlineMs);
  if (!pool.drains.begin(server, deadlineMs)) {
    return refuse('being-cut', `what is left at ${server.name} is being cut`);
  }
  return { ok: true, status: 202, body: pool.drains.report(server) };
}

function serverDrain(pool: ServingPool, server: Server): OperationAnswer {
  const report = pool.drains.report(server);
  return report === undefined
    ? refuse('not-draining', `the server ${server.name} is not drained`, 404)
    : done(report);
}

function resumeServer(pool: ServingPool, server: Server): OperationAnswer {
  const { name } = server;
  if (!pool.drains.has(server)) {
    const { runtime } = pool;
    const held = runtime.pool.has(server, 'maintenance') || runtime.pool.has(server, 'draining');
    const detail = held
      ? `the server ${name} is held by its state in the settings or where it was found; set that to up`
      : `the server ${name} is not drained`;
    return refuse('not-draining', detail);
  }
  if (!pool.drains.resume(server)) {
    return refuse('being-cut', `what is left at ${name} is being cut`);
  }
  return done({ pool: pool.name, server: name, state: server.state });
}

/** The deadline of a drain; a sentence when the body is none. */
/** Servers of the settings are weighed there, so that file and process say the same. */
function weighServer(
  { name: pool, membership }: ServingPool,
  { name }: Server,
  { body }: OperationCall,
): OperationAnswer {
  const weight = isObject(body) ? body.weight : undefined;
  const isWhole = Number.isInteger(weight) && (weight as number) >= 0;
  if (weight !== null && !(isWhole && (weight as number) <= WEIGHT_MAX)) {
    return refuse(
      'bad-body',
      `wanted { "weight": a whole number from 0 to ${WEIGHT_MAX}, or null }`,
    );
  }
  if (membership.sourceOf(name) === 'settings') {
    return refuse('in-settings', `change balancer.pools.${pool}.servers.${name}.weight`);
  }
  membership.say(name, weight === null ? undefined : { weight: weight as number });
  return done({ pool, server: name, weight: membership.weightOf(name) });
}

function deadlineOf(body: unknown): number | string {
  if (body === undefined) return DRAIN_MS;
  const { deadlineMs = DRAIN_MS } = isObject(body) ? body : { deadlineMs: null };
  const wanted = `wanted { "deadlineMs": a whole number from 0 to ${DRAIN_MAX_MS} }`;
  const isWhole = Number.isInteger(deadlineMs) && (deadlineMs as number) >= 0;
  return isWhole && (deadlineMs as number) <= DRAIN_MAX_MS ? (deadlineMs as number) : wanted;
}

function registrationOperations(registrations: Registrations): readonly Operation[] {
  const path = '/pools/:pool/registrations/:server';
  return [
    {
      method: 'PUT',
      path,
      about: 'A server registers itself, or changes what it said; ends without a heartbeat.',
      needsToken: true,
      run: ({ names: { pool = '', server: name = '' }, body }) => {
        if (!isObject(body)) return refuse('bad-body', 'wanted an object with "address"');
        const { ttlMs = REGISTRATION_TTL_MS, ...said } = body;
        // What it says is checked by whom it is said to.
        const registration = { ...said, name } as Parameters<Registrations['register']>[1];
        return registered(registrations.register(pool, registration, ttlMs as number));
      },
    },
    {
      method: 'POST',
      path: `${path}/heartbeat`,
      about: 'A registered server is still there.',
      needsToken: true,
      run: ({ names: { pool = '', server = '' } }) =>
        registered(registrations.heartbeat(pool, server)),
    },
    {
      method: 'DELETE',
      path,
      about: 'A registered server leaves.',
      needsToken: true,
      run: ({ names: { pool = '', server = '' } }) =>
        registered(registrations.deregister(pool, server)),
    },
    {
      method: 'GET',
      path: '/pools/:pool/registrations',
      about: 'The servers that have registered themselves.',
      needsToken: false,
      run: ({ names: { pool = '' } }) => {
        const list = registrations.list(pool);
        if (list !== undefined) return done({ registrations: list });
        return registered({ ok: false, error: 'no-such-pool' });
      },
    },
  ];
}

function registered(outcome: Registered | { readonly ok: true }): OperationAnswer {
  if (outcome.ok) return done(outcome);
  const { status, says } = registrationErrorTable[outcome.error];
  return {
    ok: false,
    status,
    problem: outcome.error,
    title: refusals['registration-refused'][1],
    detail: says,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
