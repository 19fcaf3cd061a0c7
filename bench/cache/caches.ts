/**
 * The caches that are measured beside each other, and the origin behind them. Each cache runs on PROXY_CORE with one
 * worker or thread, the origin and every load on LOAD_CORE. Their configurations are the files of `peers/`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../tests/support/process.ts';
import {
  CIPHER_SUITE,
  CONNECTIONS_MAX,
  LOAD_CORE,
  type Measured,
  PinnedBed,
  PROXY_CORE,
} from '../http/pinned.ts';

/** Which way in: HTTP/1.1, cleartext HTTP/2, or HTTP/1.1 over TLS 1.3. */
export type Door = 'http' | 'http2' | 'tls';

/** What `GET /<name>` is answered with, bytes; anything else below `/each/` has 1 KiB of its own. */
export const BODIES = { one: 1024, some: 16_384, many: 262_144 } as const;
export type BodyName = keyof typeof BODIES;

export type CacheName = 'nginx' | 'Varnish' | 'HAProxy' | 'Plinth';
export const CACHES: readonly CacheName[] = ['nginx', 'Varnish', 'HAProxy', 'Plinth'];

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface CacheBed {
  readonly caches: readonly Measured[];
  /** From now on only what is stored can be had. */
  endOrigin(): Promise<void>;
  stop(): Promise<void>;
}

export interface CacheBedOptions {
  readonly door: Door;
  /** Whether bodies are large: nginx then sends them by sendfile. */
  readonly large: boolean;
  readonly only?: readonly CacheName[];
  /** Folder for a profile of Plinth; empty for none. */
  readonly profile?: string;
  /** Plinth has its admin door. */
  readonly admin?: boolean;
  /** What Plinth has for responses; without it 1gb of memory and no disk. */
  readonly plinth?: { readonly memory: string; readonly disk: string };
}

/** Starts the origin and the caches with this door. Varnish speaks no TLS, and is left out there. */
export async function startCaches(options: CacheBedOptions): Promise<CacheBed> {
  const { door, only = CACHES } = options;
  const bed = new PinnedBed('bench-cache');
  // nginx keeps bodies in files: these are in memory, as those of the others.
  const files = mkdtempSync('/dev/shm/bench-cache-');
  const stop = async (): Promise<void> => {
    await bed.stop();
    rmSync(files, { recursive: true, force: true });
  };
  try {
    bed.makeCertificate();
    const originPort = await freePort();
    const origin = await bed.start(LOAD_CORE, originPort, originCommand(bed, originPort));
    const caches: Measured[] = [];
    for (const name of only) {
      if (name === 'Varnish' && door === 'tls') continue;
      const port = await freePort();
      const command = commandOf(name, { ...options, bed, port, originPort, files });
      caches.push({ name, port, child: await bed.start(PROXY_CORE, port, command) });
    }
    const endOrigin = async (): Promise<void> => {
      origin.process.kill();
      await origin.exited;
    };
    return { caches, endOrigin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Parts extends CacheBedOptions {
  readonly bed: PinnedBed;
  readonly port: number;
  readonly originPort: number;
  /** Folder for the files of nginx. */
  readonly files: string;
}

function originCommand(bed: PinnedBed, port: number): readonly string[] {
  const folder = join(bed.folder, 'www');
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(BODIES)) {
    writeFileSync(join(folder, name), Buffer.alloc(bytes, 'x'));
  }
  const { one } = BODIES;
  const server = `server { listen 127.0.0.1:${port}; root ${folder}; etag on;
    add_header Cache-Control max-age=3600; default_type text/plain;
    location /each/ { add_header Cache-Control max-age=3600; add_header Surrogate-Key all; return 200 "${'x'.repeat(one)}"; } }`;
  return bed.nginx('origin', '', bed.nginxHttp(server));
}

function commandOf(name: CacheName, parts: Parts): readonly string[] {
  const { door, bed, port, profile = '' } = parts;
  switch (name) {
    case 'nginx': {
      const doors = { http: '', http2: 'http2', tls: 'ssl' };
      return ['nginx', '-c', write('nginx.conf', parts, doors[door]), '-p', bed.folder];
    }
    case 'Varnish': {
      const file = write('varnish.vcl', parts, '');
      const listens = ['-a', `127.0.0.1:${port}`, '-f', file, '-n', join(bed.folder, 'varnish')];
      const limits = ['-p', 'thread_pools=1', '-p', `thread_pool_max=${CONNECTIONS_MAX}`];
      const http2 = ['-p', 'feature=+http2'];
      return ['varnishd', '-F', '-j', 'none', ...listens, '-s', 'malloc,1g', ...limits, ...http2];
    }
    case 'HAProxy': {
      const doors = { http: '', http2: 'proto h2', tls: `ssl crt ${bed.folder}/both.pem` };
      return ['haproxy', '-f', write('haproxy.cfg', parts, doors[door]), '-db'];
    }
    case 'Plinth': {
      const { folder } = bed;
      const certificate = `{ name: one, cert: ${folder}/cert.pem, key: ${folder}/key.pem }`;
      const tls = `, tls: { certificates: [${certificate}], min_version: TLSv1.3, ciphers: ${CIPHER_SUITE} }`;
      const file = write('plinth.template', parts, door === 'tls' ? tls : '');
      const profiled = profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
      return [process.execPath, ...profiled, main, 'up', '--json', '--config', file];
    }
  }
}

const MEMORY_ALONE = { memory: '1gb', disk: '0' };

/** Writes a configuration with what this bed is filled in. @returns its path. */
function write(
  name: string,
  { bed, port, originPort, files, large, admin = false, plinth = MEMORY_ALONE }: Parts,
  door: string,
): string {
  const values: Readonly<Record<string, string>> = {
    folder: bed.folder,
    port: `${port}`,
    originPort: `${originPort}`,
    files,
    door,
    sendfile: large ? 'on' : 'off',
    cipherSuite: CIPHER_SUITE,
    admin: admin ? 'port: 0' : 'enabled: false',
    memory: plinth.memory,
    disk: plinth.disk,
  };
  const template = readFileSync(new URL(`peers/${name}`, import.meta.url), 'utf8');
  const text = template.replaceAll(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
  const path = join(bed.folder, name);
  writeFileSync(path, text);
  return path;
}
