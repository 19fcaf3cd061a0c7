/** One client in one line, as CLIENT LIST, CLIENT INFO and ACL LOG show it. */
import type { Engine } from '../engine/engine.ts';
import type { Session } from './session.ts';
import { weightOf } from './weight.ts';

/** Where the client comes from: `ip:port`, a socket's path with port 0, or nothing. */
export function addressOf(session: Session): string {
  const { connection } = session;
  if (connection === undefined) return '';
  const { remoteAddress, remotePort } = connection;
  return `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}

/** The server's end of the connection, as `addressOf`. */
export function localAddressOf(session: Session): string {
  const { connection } = session;
  if (connection === undefined) return '';
  const { remoteAddress, remotePort, localAddress, localPort } = connection;
  if (remotePort === 0) return `${remoteAddress}:0`;
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/** Fields of Redis 7.2 in their order (https://redis.io/docs/latest/commands/client-list/). */
export function describeClient(engine: Engine, session: Session): string {
  const { nowMs } = engine.keyspace;
  const { output, subscriptions, tracking, transaction } = session;
  const queued = transaction.state === 'none' ? -1 : transaction.queue.length;
  const inputBytes = session.inputBytes();
  const outputBytes = output?.pendingBytes ?? 0;
  return [
    `id=${session.id}`,
    `addr=${addressOf(session)}`,
    `laddr=${localAddressOf(session)}`,
    `fd=${session.connection?.id ?? -1}`,
    `name=${session.name}`,
    `age=${Math.max(0, Math.floor((nowMs - session.createdMs) / 1000))}`,
    `idle=${Math.max(0, Math.floor((nowMs - session.lastCommandMs) / 1000))}`,
    `flags=${flagsOf(session)}`,
    `db=${session.db.index}`,
    `sub=${subscriptions?.channels.size ?? 0}`,
    `psub=${subscriptions?.patterns.size ?? 0}`,
    `ssub=${subscriptions?.shards.size ?? 0}`,
    `multi=${queued}`,
    `qbuf=${inputBytes}`,
    'qbuf-free=0',
    'argv-mem=0',
    `multi-mem=${transaction.queuedBytes}`,
    'rbs=0',
    'rbp=0',
    'obl=0',
    `oll=${output?.chunks.length ?? 0}`,
    `omem=${outputBytes}`,
    `tot-mem=${weightOf(session)}`,
    `events=${outputBytes > 0 ? 'rw' : 'r'}`,
    `cmd=${session.lastCommand?.fullName ?? 'NULL'}`,
    `user=${session.user.name}`,
    `redir=${tracking === undefined ? -1 : tracking.options.redirect}`,
    `resp=${session.protocol}`,
    `lib-name=${session.libName}`,
    `lib-ver=${session.libVersion}`,
  ].join(' ');
}

function flagsOf(session: Session): string {
  const { tracking, transaction, connection } = session;
  let flags = '';
  if (session.monitor) flags += 'O';
  if (session.subscriptions !== undefined) flags += 'P';
  if (transaction.state !== 'none') flags += 'x';
  if (session.blocked !== undefined) flags += 'b';
  if (tracking !== undefined) {
    flags += 't';
    if (tracking.redirectBroken) flags += 'R';
    if (tracking.options.broadcast) flags += 'B';
  }
  if (transaction.dirty) flags += 'd';
  if (session.closing) flags += 'c';
  if (connection?.remotePort === 0) flags += 'U';
  if (session.noEvict) flags += 'e';
  if (session.noTouch) flags += 'T';
  return flags === '' ? 'N' : flags;
}
