/**
 * The proxies that are measured beside each other, and the server behind them. Each proxy runs on PROXY_CORE with
 * one worker or thread, the server and every load on LOAD_CORE.
 *
 * All do the same work: kept connections to the server, no log, X-Forwarded-For, -Proto, -Host and -Port sent
 * to it, the same certificate and cipher suite. What each needs to be quick at that is set: it is all here.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
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

/** Which way in: HTTP/1.1, cleartext HTTP/2, HTTP/1.1 over TLS 1.3, or TCP without a look at what it carries. */
export type Door = 'http' | 'http2' | 'tls' | 'tcp';

/** What `GET /<name>` is answered with, bytes. */
export const BODIES = { one: 1024, many: 65_536, bulk: 10 * 1024 * 1024 } as const;
export type BodyName = keyof typeof BODIES;

const NGINX_STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so';
const source = fileURLToPath(new URL('../..', import.meta.url));

export interface Bed {
  /** nginx, HAProxy, Plinth, and a second Plinth if one was asked for. */
  readonly proxies: readonly Measured[];
  stop(): Promise<void>;
}

export interface BedOptions {
  /** Root of another source tree of Plinth, measured beside this one; empty for none. */
  readonly beside: string;
  /** Folder for a profile of each Plinth; empty for none. */
  readonly profile: string;
}

/** Starts the server and every proxy with this door, and resolves when all accept connections. */
export async function startBed(door: Door, options: BedOptions): Promise<Bed> {
  const bed = new PinnedBed('bench-balancer');
  try {
    prepare(bed);
    const originPort = await freePort();
    await bed.start(LOAD_CORE, originPort, originCommand(bed, originPort));
    const proxies: Measured[] = [];
    const add = async (name: string, command: CommandOf): Promise<void> => {
      const port = await freePort();
      const parts = { name, door, port, originPort, bed, folder: bed.folder };
      proxies.push({ name, port, child: await bed.start(PROXY_CORE, port, command(parts)) });
    };
    await add('nginx', nginxCommand);
    await add('HAProxy', haproxyCommand);
    await add('Plinth', (parts) => plinthCommand(parts, source, options.profile));
    if (options.beside !== '') {
      await add('Plinth beside', (parts) => plinthCommand(parts, options.beside, options.profile));
    }
    return { proxies, stop: () => bed.stop() };
  } catch (error) {
    await bed.stop();
    throw error;
  }
}

interface Parts {
  readonly name: string;
  readonly door: Door;
  readonly port: number;
  readonly originPort: number;
  readonly bed: PinnedBed;
  /** Of the bed. */
  readonly folder: string;
}

type CommandOf = (parts: Parts) => readonly string[];

/** Bodies, certificate and key. */
function prepare(bed: PinnedBed): void {
  mkdirSync(join(bed.folder, 'www'));
  for (const [name, bytes] of Object.entries(BODIES)) {
    writeFileSync(join(bed.folder, 'www', name), Buffer.alloc(bytes, 'x'));
  }
  bed.makeCertificate();
}

function originCommand(bed: PinnedBed, port: number): readonly string[] {
  const server = `server { listen 127.0.0.1:${port}; root ${bed.folder}/www; }`;
  const body = `sendfile on; tcp_nopush on; open_file_cache max=10; ${server}`;
  return bed.nginx('origin', '', bed.nginxHttp(body));
}

function nginxCommand({ door, port, originPort, bed, folder }: Parts): readonly string[] {
  if (door === 'tcp') {
    const server = `server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${originPort}; }`;
    return bed.nginx('nginx', `load_module ${NGINX_STREAM};`, `stream { ${server} }`);
  }
  const how = { http: '', http2: 'http2', tls: 'ssl' }[door];
  const body = `
    upstream one { server 127.0.0.1:${originPort}; keepalive 128; keepalive_requests 100000000; }
    ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
    ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites ${CIPHER_SUITE};
    ssl_session_cache shared:one:10m;
    proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Port $server_port;
    proxy_max_temp_file_size 0;
    server { listen 127.0.0.1:${port} ${how}; location / { proxy_pass http://one; } }`;
  return bed.nginx('nginx', '', bed.nginxHttp(body));
}

function haproxyCommand({ door, port, originPort, folder }: Parts): readonly string[] {
  const path = join(folder, 'haproxy.cfg');
  const how = { http: '', http2: 'proto h2', tls: `ssl crt ${folder}/both.pem`, tcp: '' }[door];
  const scheme = door === 'tls' ? 'https' : 'http';
  const http = `
  http-reuse always
  option forwardfor
  http-request set-header X-Forwarded-Proto ${scheme}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]`;
  writeFileSync(
    path,
    `global
  nbthread 1
  maxconn ${CONNECTIONS_MAX}
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-bind-ciphersuites ${CIPHER_SUITE}
defaults
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen one
  mode ${door === 'tcp' ? 'tcp' : 'http'}
  bind 127.0.0.1:${port} ${how}${door === 'tcp' ? '' : http}
  server one 127.0.0.1:${originPort}
`,
  );
  return ['haproxy', '-f', path, '-db'];
}

function plinthCommand(
  { name, door, port, originPort, folder }: Parts,
  root: string,
  profile: string,
): readonly string[] {
  const path = join(folder, `${name}.yaml`);
  const certificate = `{ name: one, cert: ${folder}/cert.pem, key: ${folder}/key.pem }`;
  const tls = `      tls: { certificates: [${certificate}], min_version: TLSv1.3, ciphers: ${CIPHER_SUITE} }\n`;
  writeFileSync(
    path,
    `node: { data: ${folder}/${name.replace(' ', '-')} }
kv: { enabled: false }
files: { enabled: false }
admin: { enabled: false }
balancer:
  via: ''
  request_id: false
  traceparent: false
  listeners:
    - name: one
      port: ${port}
      protocol: ${door === 'tcp' ? 'tcp\n      pool: one' : 'http'}
${door === 'tls' ? tls : ''}  pools:
    - name: one
      servers: [{ name: one, address: "127.0.0.1:${originPort}" }]
${door === 'tcp' ? '' : '  routes: [{ name: all, pool: one }]\n'}`,
  );
  const profiled = profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  return [process.execPath, ...profiled, join(root, 'src/main.ts'), 'up', '--config', path];
}
