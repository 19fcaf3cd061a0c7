/**
 * Certificates of a listener while it listens: read anew by every change and on demand, as they are renewed in
 * place. Contexts, which cost milliseconds a certificate, are made anew only where something differs.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Disk, TlsOptions } from '../../core/runtime/index.ts';
import type { ListenerSettings } from '../config/config.ts';
import { tlsOfListener } from '../tls-files.ts';
import type { Door } from './door.ts';

export interface TlsDoor extends Door {
  /** What it was given last, with what the files held; undefined: it has no TLS. */
  readonly tls: TlsOptions | undefined;
  /** @throws ListenError 'tls-invalid'; the old certificates stay then. */
  updateTls(tls: TlsOptions): void;
}

/** Of a protocol that may have TLS, whether or not it has. */
export function isTlsDoor(door: Door): door is TlsDoor {
  return 'updateTls' in door;
}

/**
 * Has a door show what these settings and their files say now. Connections keep what they have.
 * @returns takes that back, undefined when nothing has changed
 * @throws ListenError 'tls-invalid', Error when it would need another kind of door; nothing has changed then
 */
export function renewTls(
  door: TlsDoor,
  disk: Disk,
  settings: ListenerSettings,
  sessionSecret: Buffer | null,
): (() => void) | undefined {
  const before = door.tls;
  const tls = tlsOfListener(disk, settings, sessionSecret);
  if ((tls === undefined) !== (before === undefined)) {
    const change =
      before === undefined ? 'has no TLS and cannot get it' : 'has TLS and cannot be without';
    throw new Error(
      `listener ${settings.name} ${change} while it listens: remove it, then add it anew`,
    );
  }
  if (tls === undefined || before === undefined || isDeepStrictEqual(tls, before)) return undefined;
  door.updateTls(tls);
  return () => door.updateTls(before);
}
