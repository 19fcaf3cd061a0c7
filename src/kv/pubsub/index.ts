/** Publish and subscribe. */
import type { Engine } from '../engine/engine.ts';
import type { Session } from '../session/session.ts';

export interface Subscriptions {
  readonly count: number;
}

export class PubSub {
  constructor(_engine: Engine) {}

  /** Sends a message to all who listen; returns how many that are. */
  publish(_channel: Buffer, _message: Buffer): number {
    return 0;
  }

  /** A session ends. */
  forget(_session: Session): void {}
}
