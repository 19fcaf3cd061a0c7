/** Users and what they may do. */

import type { Args } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import type { Engine } from '../engine/engine.ts';
import type { ReplyError } from '../errors.ts';
import type { Session } from '../session/session.ts';

export interface User {
  readonly name: string;
  /** Every command, key and channel is allowed: the check can be skipped. */
  readonly unrestricted: boolean;
}

export class Acl {
  readonly defaultUser: User = { name: 'default', unrestricted: true };
  /** Runs what the store itself runs. */
  readonly superuser: User = { name: 'superuser', unrestricted: true };

  constructor(_engine: Engine) {}

  /** Whether a new connection has to authenticate first. */
  get passwordRequired(): boolean {
    return false;
  }

  /** Why the session may not run this, undefined when it may. */
  check(_session: Session, _command: Command, _args: Args): ReplyError | undefined {
    return undefined;
  }
}
