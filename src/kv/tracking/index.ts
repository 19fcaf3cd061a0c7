/** Client-side caching. */
import type { Args } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import type { Engine } from '../engine/engine.ts';
import type { Session } from '../session/session.ts';

export interface Tracking {
  readonly on: boolean;
}

export class TrackingTable {
  /** Whether any client tracks keys. */
  active = false;

  constructor(_engine: Engine) {}

  /** A key has changed. */
  invalidate(_buf: Buffer, _start: number, _length: number): void {}

  /** Databases were emptied or exchanged: whatever a client has kept may be wrong. */
  invalidateAll(): void {}

  /** A tracking client has read the keys of a command. */
  noteRead(_session: Session, _command: Command, _args: Args): void {}

  /** A session ends. */
  forget(_session: Session): void {}
}
