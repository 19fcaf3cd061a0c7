/**
 * What the store knows of one client: who it is, what it selected, what it waits for, what it still
 * has to be sent. Scripts, replay and the store itself use sessions without a connection.
 */
import type { Connection, EndingReason } from '../../core/downstream/index.ts';
import type { User } from '../acl/index.ts';
import type { Command } from '../command/table.ts';
import type { Blocked } from '../engine/blocking.ts';
import type { Transaction } from '../engine/transaction.ts';
import type { Database } from '../keyspace/index.ts';
import type { Subscriptions } from '../pubsub/index.ts';
import type { Tracking } from '../tracking/index.ts';
import { FREE } from './held.ts';
import type { Output } from './output.ts';

/** Replies that CLIENT REPLY lets through. */
export type ReplyMode = 'on' | 'off' | 'skip' | 'skip-next';

export class Session {
  readonly id: number;
  readonly connection: Connection | undefined;
  readonly output: Output | undefined;
  db: Database;
  user: User;
  authenticated: boolean;
  protocol: 2 | 3 = 2;
  name = '';
  libName = '';
  libVersion = '';
  replyMode: ReplyMode = 'on';
  /** MULTI in progress and WATCHed keys. */
  readonly transaction: Transaction;
  blocked: Blocked | undefined;
  subscriptions: Subscriptions | undefined;
  tracking: Tracking | undefined;
  monitor = false;
  noEvict = false;
  noTouch = false;
  /** Asked to end after the reply at hand, and why. */
  closing = false;
  endingReason: EndingReason = 'client-quit';
  /** Bytes of requests that came and are not run yet; the connection's owner knows. */
  inputBytes: () => number = () => 0;
  /** Unix ms. */
  readonly createdMs: number;
  lastCommandMs: number;
  lastCommand: Command | undefined;
  commands = 0;
  /** What holds its request at hand, which has been met already: as Holds says. */
  heldBy: number = FREE;
  /** How often its request at hand was held for a key on the disk. */
  coldHolds = 0;

  constructor(init: {
    id: number;
    connection?: Connection | undefined;
    output?: Output | undefined;
    db: Database;
    user: User;
    authenticated: boolean;
    transaction: Transaction;
    nowMs: number;
  }) {
    this.id = init.id;
    this.connection = init.connection;
    this.output = init.output;
    this.db = init.db;
    this.user = init.user;
    this.authenticated = init.authenticated;
    this.transaction = init.transaction;
    this.createdMs = init.nowMs;
    this.lastCommandMs = init.nowMs;
  }
}
