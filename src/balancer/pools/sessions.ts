/**
 * Which server a request's session is bound to, and binding it by the response. One object a pool; `null` for a
 * pool without persistence. Which kinds there are: ../persistence.
 */
import { ownBytes } from '../../core/base/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import type { Random } from '../../core/runtime/index.ts';
import {
  FIELD_STRIDE,
  FieldId,
  lowerName,
  offsetIn,
  type ResponseHead,
} from '../../core/wire/index.ts';
import type { PoolSettings } from '../config/config.ts';
import { type Found, findCookie } from '../keys/pairs.ts';
import { ApplicationCookie } from '../persistence/application-cookie.ts';
import { InsertedCookie } from '../persistence/inserted-cookie.ts';
import { StickTable } from '../persistence/stick-table.ts';
import type { Server } from '../servers/server.ts';

export interface Sessions {
  readonly strict: boolean;
  /** Whether the request has a session, and its server if that is known. */
  find(exchange: Exchange, nowMs: number): Server | undefined;
  /** The response of a server is about to go to the client. */
  answered(exchange: Exchange, server: Server, head: ResponseHead, nowMs: number): void;
  /** Where sessions are known by their address alone: those of layer 4 too. */
  ofAddress?(address: string, nowMs: number): Server | undefined;
  bindAddress?(address: string, server: Server, nowMs: number): void;
  /** The members of the pool are others. */
  know(servers: Iterable<Server>): void;
  forget(server: Server): void;
}

const SECRET_BYTES = 32;
const found: Found = { start: 0, length: 0 };

export function createSessions({ persistence }: PoolSettings, random: Random): Sessions | null {
  const { by, name, strict, maxAgeMs, entries } = persistence;
  if (by === 'none') return null;
  if (by === 'cookie') return new CookieSessions(persistence, random);
  const table = new StickTable({ entriesMax: entries, idleMs: maxAgeMs });
  if (by === 'app-cookie') return new ApplicationSessions(name, table, strict);
  if (by === 'source') return new SourceSessions(table, strict);
  const header = lowerName(name);
  return new TableSessions(table, strict, (exchange) => headerOf(exchange, header));
}

class CookieSessions implements Sessions {
  readonly strict: boolean;
  private readonly cookie: InsertedCookie;
  private readonly name: Buffer;

  constructor(settings: PoolSettings['persistence'], random: Random) {
    const { name, key, signed, maxAgeMs } = settings;
    this.strict = settings.strict;
    this.name = ownBytes(name, 'latin1');
    const secret = key === undefined ? random.bytes(SECRET_BYTES) : ownBytes(key.reveal());
    this.cookie = new InsertedCookie({
      name,
      form: signed ? 'signed' : 'opaque',
      // Short keys are stretched to what the cookie asks for; their strength is their owner's.
      secret:
        secret.length >= 16 ? secret : Buffer.concat([secret, Buffer.alloc(16 - secret.length)]),
      maxAgeMs: signed ? maxAgeMs : Number.POSITIVE_INFINITY,
      path: '/',
      domain: undefined,
      secure: false,
      sameSite: 'Lax',
    });
  }

  find(exchange: Exchange): Server | undefined {
    const value = cookieOf(exchange, this.name);
    return value === undefined ? undefined : this.cookie.read(value, exchange.wallMs());
  }

  answered(exchange: Exchange, server: Server, head: ResponseHead): void {
    if (this.find(exchange) === server) return;
    head.fields.addKnown(FieldId.setCookie, this.cookie.write(server, exchange.wallMs()));
  }

  know(servers: Iterable<Server>): void {
    this.cookie.know(servers);
  }

  forget(): void {}
}

class ApplicationSessions implements Sessions {
  readonly strict: boolean;
  private readonly cookie: ApplicationCookie;
  private readonly table: StickTable;

  constructor(name: string, table: StickTable, strict: boolean) {
    this.cookie = new ApplicationCookie(name, table);
    this.table = table;
    this.strict = strict;
  }

  find({ request: { fields } }: Exchange, nowMs: number): Server | undefined {
    for (let i = fields.find(FieldId.cookie); i !== -1; i = fields.find(FieldId.cookie, i + 1)) {
      const start = fields.at[i * FIELD_STRIDE + 2]!;
      const length = fields.valueLength(i);
      const server = this.cookie.read(fields.bytesAt(start), offsetIn(start), length, nowMs);
      if (server !== undefined) return server;
    }
    return undefined;
  }

  answered(_exchange: Exchange, server: Server, { fields }: ResponseHead, nowMs: number): void {
    const { setCookie } = FieldId;
    for (let i = fields.find(setCookie); i !== -1; i = fields.find(setCookie, i + 1)) {
      const start = fields.at[i * FIELD_STRIDE + 2]!;
      const length = fields.valueLength(i);
      this.cookie.learn(fields.bytesAt(start), offsetIn(start), length, server, nowMs);
    }
  }

  know(): void {}

  forget(server: Server): void {
    this.table.forget(server);
  }
}

class TableSessions implements Sessions {
  readonly strict: boolean;
  protected readonly table: StickTable;
  private readonly keyOf: (exchange: Exchange) => string | undefined;

  constructor(
    table: StickTable,
    strict: boolean,
    keyOf: (exchange: Exchange) => string | undefined,
  ) {
    this.table = table;
    this.strict = strict;
    this.keyOf = keyOf;
  }

  find(exchange: Exchange, nowMs: number): Server | undefined {
    const key = this.keyOf(exchange);
    return key === undefined ? undefined : this.table.find(key, nowMs);
  }

  answered(exchange: Exchange, server: Server, _head: ResponseHead, nowMs: number): void {
    const key = this.keyOf(exchange);
    if (key !== undefined && this.table.find(key, nowMs) !== server) {
      this.table.bind(key, server, nowMs);
    }
  }

  know(): void {}

  forget(server: Server): void {
    this.table.forget(server);
  }
}

/** Requests and sessions of layer 4 from one address go to one server. */
class SourceSessions extends TableSessions {
  constructor(table: StickTable, strict: boolean) {
    super(table, strict, ({ client }) => client.remoteAddress);
  }

  ofAddress(address: string, nowMs: number): Server | undefined {
    return this.table.find(address, nowMs);
  }

  bindAddress(address: string, server: Server, nowMs: number): void {
    if (this.table.find(address, nowMs) !== server) this.table.bind(address, server, nowMs);
  }
}

function cookieOf({ request: { fields } }: Exchange, name: Buffer): string | undefined {
  for (let i = fields.find(FieldId.cookie); i !== -1; i = fields.find(FieldId.cookie, i + 1)) {
    const start = fields.at[i * FIELD_STRIDE + 2]!;
    const bytes = fields.bytesAt(start);
    if (findCookie(bytes, offsetIn(start), fields.valueLength(i), name, found)) {
      return bytes.toString('latin1', found.start, found.start + found.length);
    }
  }
  return undefined;
}

function headerOf({ request: { fields } }: Exchange, name: Buffer): string | undefined {
  const index = fields.findName(name);
  return index === -1 ? undefined : fields.value(index);
}
