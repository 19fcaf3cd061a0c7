/** Connections that are told why they may not come in, and are closed. */
import type { Connection, ConnectionHandler } from '../../core/downstream/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type { Engine } from '../engine/engine.ts';

export const TOO_MANY_CLIENTS = Buffer.from('-ERR max number of clients reached\r\n');

/** Clients match on the code word; the advice is about our own settings. */
const PROTECTED_MODE = Buffer.from(
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. ' +
    'In this mode connections are only accepted from the loopback interface. To connect from other machines do one of these: ' +
    "1) set a password for the default user, kv.password in the configuration or 'CONFIG SET requirepass' from the machine itself; " +
    "2) switch the mode off, kv.protectedMode in the configuration or 'CONFIG SET protected-mode no' from the machine itself, " +
    'if nobody but your own clients can reach this port.\r\n',
);

/** Why a new connection is turned away, undefined when it is welcome. */
export function refusalOf(
  engine: Engine,
  connection: Connection,
  clients: number,
): Buffer | undefined {
  const { settings, acl } = engine;
  if (clients >= settings.maxclients) return TOO_MANY_CLIENTS;
  if (!settings.protectedMode || !acl.defaultUser.noPassword) return undefined;
  return isLocal(connection) ? undefined : PROTECTED_MODE;
}

/** From this machine: a Unix socket or the loopback interface. */
export function isLocal({ remoteAddress, remotePort }: Connection): boolean {
  if (remotePort === 0) return true;
  const address = remoteAddress.replace(/^::ffff:/i, '');
  return address === '::1' || /^127\./.test(address);
}

export class Refused implements ConnectionHandler {
  /** The connection takes bytes from the next turn on, when its handler is known. */
  constructor(connection: Connection, clock: Clock, text: Buffer) {
    clock.nextTurn(() => {
      connection.write(text);
      connection.close(text === TOO_MANY_CLIENTS ? 'connections-limit' : 'auth-failed');
    });
  }

  onData(): void {}
  onDrain(): void {}
  onEnd(): void {}
  onClose(): void {}
}
