/**
 * Servers that register themselves, with a heartbeat: the table behind the admin API's calls.
 *
 *     absent ──register──▶ registered ──heartbeat, register──▶ registered (for another `ttlMs`)
 *       ▲                       │
 *       └──── deregister, ttlMs without a heartbeat, the pool takes none any more
 *
 * Invariants: a registration is told of to its pool until it ends; registering twice is updating; order is
 * that of first registrations. Held in memory: after a restart servers learn from their heartbeat's
 * `not-registered` that they must register again.
 */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import { parseServerAddress, serverAddressText } from '../pools/address.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { WEIGHT_MAX } from '../servers/server.ts';
import { MEMBERS_MAX, REGISTRATION_TTL_MAX_MS, REGISTRATION_TTL_MIN_MS } from './limits.ts';
import { memberAt } from './member.ts';
import { MEMBER_NAME, MEMBER_NAME_WANTED } from './member-file.ts';
import type { Source } from './source.ts';

const PRIORITY_MAX = 100;

/** Why a call is refused, with the status that HTTP answers it with. */
export const registrationErrorTable = {
  'no-such-pool': { status: 404, says: 'there is no pool of this name that takes registrations' },
  'not-registered': { status: 404, says: 'there is no such registration, or its time was over' },
  'name-taken': { status: 409, says: 'the settings of the pool have a server of this name' },
  'too-many': { status: 507, says: `the pool has ${MEMBERS_MAX} registrations already` },
  'bad-name': { status: 400, says: `name: wanted ${MEMBER_NAME_WANTED}` },
  'bad-address': { status: 400, says: 'address: wanted host:port, [IPv6]:port or unix:/path' },
  'bad-weight': { status: 400, says: `weight: wanted a whole number from 0 to ${WEIGHT_MAX}` },
  'bad-priority': {
    status: 400,
    says: `priority: wanted a whole number from 0 to ${PRIORITY_MAX}`,
  },
  'bad-ttl': {
    status: 400,
    says: `ttl: wanted ${REGISTRATION_TTL_MIN_MS} to ${REGISTRATION_TTL_MAX_MS} milliseconds`,
  },
} as const satisfies Record<string, { status: number; says: string }>;

export type RegistrationError = keyof typeof registrationErrorTable;

/** What a server says of itself. */
export interface Registration {
  readonly name: string;
  /** As in the settings. */
  readonly address: string;
  /** Default 1. */
  readonly weight?: number;
  /** Default 0. */
  readonly priority?: number;
}

/** `ttlMs`: it ends when there was no heartbeat for so long. */
export type Registered =
  | { readonly ok: true; readonly ttlMs: number }
  | { readonly ok: false; readonly error: RegistrationError };

/** A registration as status shows it. */
export interface RegistrationShown extends Required<Registration> {
  readonly ttlMs: number;
  readonly endsInMs: number;
}

interface Row {
  member: Member;
  ttlMs: number;
  endsMs: number;
}

/** The registrations of one pool that takes some. */
class Table {
  readonly rows = new Map<string, Row>();
  readonly isTaken: (name: string) => boolean;
  readonly changed: (members: readonly Member[]) => void;

  constructor(isTaken: (name: string) => boolean, changed: (members: readonly Member[]) => void) {
    this.isTaken = isTaken;
    this.changed = changed;
  }

  tell(): void {
    this.changed([...this.rows.values()].map(({ member }) => member));
  }
}

export class Registrations {
  private readonly clock: Clock;
  private readonly tables = new Map<string, Table>();
  private timer: Timer | undefined = undefined;
  private timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Registers a server, or updates its registration. */
  register(pool: string, registration: Registration, ttlMs: number): Registered {
    const table = this.tables.get(pool);
    if (table === undefined) return refused('no-such-pool');
    const { name, address: text, weight = 1, priority = 0 } = registration;
    // Whoever calls has this from the network: the types are a hope.
    if (typeof name !== 'string' || !MEMBER_NAME.test(name)) return refused('bad-name');
    const address = typeof text === 'string' ? parseServerAddress(text) : undefined;
    if (address === undefined) return refused('bad-address');
    if (!isWhole(weight, 0, WEIGHT_MAX)) return refused('bad-weight');
    if (!isWhole(priority, 0, PRIORITY_MAX)) return refused('bad-priority');
    if (!isWhole(ttlMs, REGISTRATION_TTL_MIN_MS, REGISTRATION_TTL_MAX_MS))
      return refused('bad-ttl');
    if (table.isTaken(name)) return refused('name-taken');
    const known = table.rows.has(name);
    if (!known && table.rows.size >= MEMBERS_MAX) return refused('too-many');
    const member = memberAt(address, { name, weight, priority });
    const endsMs = this.clock.monotonicMs() + ttlMs;
    // A row that is set anew keeps its place.
    table.rows.set(name, { member, ttlMs, endsMs });
    table.tell();
    this.armFor(endsMs);
    return { ok: true, ttlMs };
  }

  /** The server is still there. */
  heartbeat(pool: string, name: string): Registered {
    const table = this.tables.get(pool);
    if (table === undefined) return refused('no-such-pool');
    const row = table.rows.get(name);
    const nowMs = this.clock.monotonicMs();
    if (row === undefined || row.endsMs <= nowMs) return refused('not-registered');
    row.endsMs = nowMs + row.ttlMs;
    return { ok: true, ttlMs: row.ttlMs };
  }

  deregister(pool: string, name: string): { readonly ok: true } | (Registered & { ok: false }) {
    const table = this.tables.get(pool);
    if (table === undefined) return refused('no-such-pool');
    if (!table.rows.delete(name)) return refused('not-registered');
    table.tell();
    return { ok: true };
  }

  /** Undefined when the pool takes no registrations. */
  list(pool: string): RegistrationShown[] | undefined {
    const nowMs = this.clock.monotonicMs();
    const rows = this.tables.get(pool)?.rows.values();
    return rows?.toArray().map(({ member: { spec, address }, ttlMs, endsMs }) => ({
      name: spec.name,
      address: serverAddressText(address),
      weight: spec.weight,
      priority: spec.priority,
      ttlMs,
      endsInMs: Math.max(0, endsMs - nowMs),
    }));
  }

  /**
   * The registrations of a pool as a source of its members; the pool takes some from `start` to `stop`.
   * `isTaken`: whether its settings have a server of that name.
   */
  source(pool: string, isTaken: (name: string) => boolean): Source {
    let table: Table | undefined;
    return {
      start: (onMembers) => {
        table = new Table(isTaken, onMembers);
        this.tables.set(pool, table);
      },
      stop: () => {
        if (this.tables.get(pool) === table) this.tables.delete(pool);
      },
      status: () => ({
        kind: 'registration',
        state: 'good',
        problem: undefined,
        members: table?.rows.size ?? 0,
      }),
    };
  }

  private armFor(endsMs: number): void {
    if (endsMs >= this.timerMs) return;
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timerMs = endsMs;
    this.timer = this.clock.setTimer(Math.max(0, endsMs - this.clock.monotonicMs()), () =>
      this.expire(),
    );
    this.timer.unref();
  }

  private expire(): void {
    this.timer = undefined;
    this.timerMs = Number.POSITIVE_INFINITY;
    const nowMs = this.clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const table of this.tables.values()) {
      const { size } = table.rows;
      for (const [name, { endsMs }] of table.rows) {
        if (endsMs <= nowMs) table.rows.delete(name);
        else nextMs = Math.min(nextMs, endsMs);
      }
      if (table.rows.size < size) table.tell();
    }
    // Many that end one after another are looked at in one go.
    if (nextMs < Number.POSITIVE_INFINITY) this.armFor(Math.max(nextMs, nowMs + EXPIRE_MS));
  }
}

/** The table is looked through no more often than this. */
const EXPIRE_MS = 100;

function refused(error: RegistrationError): {
  readonly ok: false;
  readonly error: RegistrationError;
} {
  return { ok: false, error };
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
