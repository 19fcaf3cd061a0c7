/** All sessions of a store, by id. */
import type { Connection } from '../../core/downstream/index.ts';
import type { Output } from '../session/output.ts';
import { Session } from '../session/session.ts';
import type { Engine } from './engine.ts';
import { Transaction } from './transaction.ts';

export class Sessions {
  private readonly engine: Engine;
  private readonly byId = new Map<number, Session>();
  private nextId = 1;
  /** Clients that copy another server: as long as there is one, that server decides when keys end. */
  private readonly importSources = new Set<Session>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A session of a client. */
  open(connection?: Connection, output?: Output): Session {
    const session = this.create(connection, output);
    this.byId.set(session.id, session);
    return session;
  }

  /** A session that no client has and CLIENT LIST does not show: replay, scripts, the store itself. */
  createInternal(): Session {
    const session = this.create(undefined, undefined);
    session.user = this.engine.acl.superuser;
    session.authenticated = true;
    return session;
  }

  private create(connection: Connection | undefined, output: Output | undefined): Session {
    const { acl, keyspace } = this.engine;
    return new Session({
      id: this.nextId++,
      connection,
      output,
      db: keyspace.databases[0]!,
      user: acl.defaultUser,
      authenticated: !acl.passwordRequired,
      transaction: new Transaction(),
      nowMs: keyspace.nowMs,
    });
  }

  close(session: Session): void {
    this.byId.delete(session.id);
    this.setImportSource(session, false);
  }

  /** CLIENT IMPORT-SOURCE: while it is on for any client, no key and no field expires. */
  setImportSource(session: Session, on: boolean): void {
    if (this.importSources.has(session) === on) return;
    if (on) this.importSources.add(session);
    else this.importSources.delete(session);
    this.engine.keyspace.expiresOnLookup = this.importSources.size === 0;
  }

  get(id: number): Session | undefined {
    return this.byId.get(id);
  }

  get count(): number {
    return this.byId.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.byId.values();
  }
}
