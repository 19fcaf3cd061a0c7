/**
 * Takes an address for a `net.Server`, or says in a typed error why it cannot be had.
 */
import { existsSync, lstatSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { errorCode } from '../index.ts';
import { type ListenAddress, ListenError, type ListenErrorCode } from '../transport.ts';

/** How the address is called in messages. */
export function addressName(address: ListenAddress): string {
  if ('path' in address) return address.path;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/**
 * Resolves when `server` listens.
 * @returns the bound port, 0 for a Unix socket.
 * @throws ListenError
 */
export async function bind(
  server: Server,
  address: ListenAddress,
  backlog: number,
): Promise<number> {
  try {
    await tryBind(server, address, backlog);
  } catch (error) {
    if (!('path' in address) || !(await removeStale(address.path, error))) {
      throw listenError(address, error);
    }
    await tryBind(server, address, backlog).catch((again) => {
      throw listenError(address, again);
    });
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

function tryBind(server: Server, address: ListenAddress, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void => {
      server.off('listening', listening);
      reject(error);
    };
    const listening = (): void => {
      server.off('error', refused);
      resolve();
    };
    server.once('error', refused);
    server.once('listening', listening);
    try {
      server.listen({ ...address, backlog });
    } catch (error) {
      server.off('error', refused);
      refused(error as Error); // a port out of range is thrown, not emitted
    }
  });
}

/** A socket file that nobody listens behind is what a killed process leaves; we take its place. */
async function removeStale(path: string, error: unknown): Promise<boolean> {
  if (errorCode(error) !== 'EADDRINUSE') return false;
  // Connecting to a common file is refused as well; that one is somebody's data.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false;
  const dead = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (refused) => resolve(errorCode(refused) === 'ECONNREFUSED'));
  });
  if (dead) await unlink(path).catch(() => {});
  return dead;
}

function listenError(address: ListenAddress, cause: unknown): ListenError {
  // A missing folder comes as EACCES: libuv's uv_pipe_bind maps ENOENT to it.
  const nowhere = 'path' in address && !existsSync(dirname(address.path));
  const code = nowhere ? 'bad-address' : listenErrorCode(errorCode(cause));
  return new ListenError(code, addressName(address), cause);
}

export function listenErrorCode(code: string): ListenErrorCode {
  switch (code) {
    case 'EADDRINUSE':
      return 'address-in-use';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'not-permitted';
    default:
      return 'bad-address';
  }
}
