/**
 * Peers are programs that tests compare with or drive: those of docs/dependencies.md.
 *
 * Promise: a test that needs a peer says so in one line, and where the peer is missing the
 * test is skipped with the reason `missing peer: X`, so that a skip is never silent.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

export type Peer =
  | 'redis-server'
  | 'redis-cli'
  | 'python3-redis'
  | 'openssl'
  | 'nginx'
  | 'haproxy'
  | 'wrk'
  | 'nghttp'
  | 'h2load'
  | 'curl'
  | 'python3-h2'
  | 'awscli'
  | 's3cmd'
  | 'rclone'
  | 'python3-boto3'
  | 'python3-fsspec'
  | 'dig'
  | 'kdig'
  | 'dnsperf'
  | 'pebble';

/** What `node:test` takes as options: `{}` when the peer is here, else `{ skip: reason }`. */
export type PeerOptions = { readonly skip?: string };

const found = new Map<Peer, boolean>();

/** Options for a test that needs these peers; a missing one becomes the reason of the skip. */
export function requirePeer(...peers: readonly Peer[]): PeerOptions {
  const missing = peers.filter((peer) => !hasPeer(peer));
  return missing.length === 0 ? {} : { skip: `missing peer: ${missing.join(', ')}` };
}

/** Whether the peer is installed; looked up once a process. */
export function hasPeer(peer: Peer): boolean {
  const known = found.get(peer);
  if (known !== undefined) return known;
  const module = pythonModules.get(peer);
  const here = module === undefined ? onPath(programs.get(peer) ?? peer) : pythonHas(module);
  found.set(peer, here);
  return here;
}

/** Debian's Python carries Debian's python3-redis; another Python on the path does not. */
export const pythonPath = '/usr/bin/python3';

const pythonModules: ReadonlyMap<Peer, string> = new Map([
  ['python3-redis', 'redis'],
  ['python3-h2', 'h2'],
  ['python3-boto3', 'boto3'],
  // Its WebHDFS comes by python3-requests.
  ['python3-fsspec', 'fsspec.implementations.webhdfs'],
]);

/** Debian's program, which runs on Debian's Python; another one of this name may come first on the path. */
export const awsPath = '/usr/bin/aws';

const programs: ReadonlyMap<Peer, string> = new Map([['awscli', awsPath]]);

function pythonHas(module: string): boolean {
  return spawnSync(pythonPath, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

function onPath(program: string): boolean {
  const folders = isAbsolute(program) ? [''] : (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
