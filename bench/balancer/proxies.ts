/**
 * The proxies that are measured beside each other, and the server behind them. Each proxy runs on PROXY_CORE with
 * one worker or thread, the server and every load on LOAD_CORE.
 *
 * All do the same work: kept connections to the server, no log, X-Forwarded-For, -Proto, -Host and -Port sent
 * to it, the same certificate and cipher suite. What each needs to be quick at that is set: it is all here.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Child,
  freePort,
  startChild,
  temporaryFolder,
  waitUntil,
} from '../../tests/support/process.ts';

export const PROXY_CORE = 0;
export const LOAD_CORE = 1;

/** Which way in: HTTP/1.1, cleartext HTTP/2, HTTP/1.1 over TLS 1.3, or TCP without a look at what it carries. */
export type Door = 'http' | 'http2' | 'tls' | 'tcp';

/** What `GET /<name>` is answered with, bytes. */
export const BODIES = { one: 1024, many: 65_536, bulk: 10 * 1024 * 1024 } as const;
export type BodyName = keyof typeof BODIES;

export const CIPHER_SUITE = 'TLS_AES_128_GCM_SHA256';
const CONNECTIONS_MAX = 4096;
const NGINX_STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so';
const source = fileURLToPath(new URL('../..', import.meta.url));

export interface MeasuredProxy {
  readonly name: string;
  readonly port: number;
  readonly child: Child;
}

export interface Bed {
  /** nginx, HAProxy, Plinth, and a second Plinth if one was asked for. */
  readonly proxies: readonly MeasuredProxy[];
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
  const folder = temporaryFolder('bench-balancer');
  const children: Child[] = [];
  const start = (core: number, command: readonly string[]): Child => {
    const child = startChild('taskset', ['-c', `${core}`, ...command], { cwd: folder.path });
    children.push(child);
    return child;
  };
  const stop = async (): Promise<void> => {
    for (const child of children) child.process.kill();
    await Promise.all(children.map(({ exited }) => exited));
    folder.remove();
  };
  try {
    prepare(folder.path);
    const originPort = await freePort();
    const origin = start(LOAD_CORE, originCommand(folder.path, originPort));
    await accepting(origin, originPort);
    const proxies: MeasuredProxy[] = [];
    const add = async (name: string, command: CommandOf): Promise<void> => {
      const port = await freePort();
      const parts = { name, door, port, originPort, folder: folder.path };
      const child = start(PROXY_CORE, command(parts));
      proxies.push({ name, port, child });
      await accepting(child, port);
    };
    await add('nginx', nginxCommand);
    await add('HAProxy', haproxyCommand);
    await add('Plinth', (parts) => plinthCommand(parts, source, options.profile));
    if (options.beside !== '') {
      await add('Plinth beside', (parts) => plinthCommand(parts, options.beside, options.profile));
    }
    return { proxies, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Parts {
  readonly name: string;
  readonly door: Door;
  readonly port: number;
  readonly originPort: number;
  readonly folder: string;
}

type CommandOf = (parts: Parts) => readonly string[];

/** Bodies, certificate and key. */
function prepare(folder: string): void {
  mkdirSync(join(folder, 'www'));
  for (const [name, bytes] of Object.entries(BODIES)) {
    writeFileSync(join(folder, 'www', name), Buffer.alloc(bytes, 'x'));
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', ['req', '-x509', ...newKey, ...files], { cwd: folder, stdio: 'ignore' });
  // HAProxy wants both in one file.
  execFileSync('sh', ['-c', 'cat cert.pem key.pem > both.pem'], { cwd: folder });
}

function nginxFile(folder: string, name: string, head: string, body: string): readonly string[] {
  const path = join(folder, `${name}.conf`);
  writeFileSync(
    path,
    `daemon off; worker_processes 1; master_process off; pid ${folder}/${name}.pid;
     error_log /dev/null; ${head}
     events { worker_connections ${CONNECTIONS_MAX}; multi_accept on; }
     ${body}`,
  );
  return ['nginx', '-c', path, '-p', folder];
}

function nginxHttp(folder: string, body: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(' ');
  return `http { access_log off; keepalive_requests 100000000; ${temporary} ${body} }`;
}

function originCommand(folder: string, port: number): readonly string[] {
  const server = `server { listen 127.0.0.1:${port}; root ${folder}/www; }`;
  const body = `sendfile on; tcp_nopush on; open_file_cache max=10; ${server}`;
  return nginxFile(folder, 'origin', '', nginxHttp(folder, body));
}

function nginxCommand({ door, port, originPort, folder }: Parts): readonly string[] {
  if (door === 'tcp') {
    const server = `server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${originPort}; }`;
    return nginxFile(folder, 'nginx', `load_module ${NGINX_STREAM};`, `stream { ${server} }`);
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
  return nginxFile(folder, 'nginx', '', nginxHttp(folder, body));
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

async function accepting(child: Child, port: number): Promise<void> {
  await waitUntil(`port ${port}`, async () => {
    if (child.hasExited()) throw new Error(`a server did not start: ${child.output()}`);
    return connects(port);
  });
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
