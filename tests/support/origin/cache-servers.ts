/**
 * Caches that cases are run through: ours, started as its users start it; and, to find mistakes in the cases
 * themselves, those of nginx, Varnish and HAProxy (`PLINTH_TEST_CACHE=varnish`).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, freePort, startChild, temporaryFolder, waitUntil } from '../process.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface CacheServer {
  readonly name: string;
  readonly port: number;
  readonly child: Child;
  readonly folder: string;
  /** Starts it again on its folder and port, behind its end. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface PlinthCacheOptions {
  /** Lines of the section `cache`, two blanks before each. */
  readonly cache?: string;
  /** Of the one route. */
  readonly rule?: string;
  readonly admin?: boolean;
  readonly flags?: readonly string[];
}

/** The cache that the environment names, ours by default, in front of a port. */
export function startCache(originPort: number): Promise<CacheServer> {
  const name = process.env.PLINTH_TEST_CACHE ?? 'plinth';
  if (name === 'plinth') return startPlinthCache(originPort);
  const command = peers[name];
  if (command === undefined) throw new Error(`PLINTH_TEST_CACHE: there is no ${name}`);
  return start(name, (folder, port) => command(folder, port, originPort));
}

/** Listener, route with `cache: default`, pool: nothing else stands between client and origin. */
export function startPlinthCache(
  originPort: number,
  { cache = '', rule = 'default', admin = false, flags = [] }: PlinthCacheOptions = {},
): Promise<CacheServer> {
  return start('plinth', (folder, port) => {
    const path = join(folder, 'plinth.yaml');
    writeFileSync(
      path,
      `node: { data: ${folder}/data }
kv: { enabled: false }
files: { enabled: false }
admin: { ${admin ? 'port: 0' : 'enabled: false'} }
${cache === '' ? '' : `cache:\n${cache}\n`}balancer:
  listeners: [{ name: web, port: ${port} }]
  pools:
    - name: origin
      servers: [{ name: one, address: "127.0.0.1:${originPort}" }]
      # One server that fails as it is told to: each failure is the case's, none is made up for.
      health: { check: none }
      outliers: { enabled: false }
      retries: { attempts: 1 }
  routes: [{ name: all, pool: origin, cache: ${rule} }]
`,
    );
    return [process.execPath, ...flags, main, 'up', '--json', '--config', path];
  });
}

type Command = (folder: string, port: number, originPort: number) => readonly string[];

const peers: Readonly<Record<string, Command>> = {
  nginx: (folder, port, originPort) => {
    const path = join(folder, 'nginx.conf');
    writeFileSync(
      path,
      `daemon off; master_process off; pid ${folder}/pid; error_log /dev/null;
       events { worker_connections 2048; }
       http { access_log off; client_body_temp_path ${folder}/body;
         proxy_temp_path ${folder}/temp; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u;
         scgi_temp_path ${folder}/s;
         proxy_cache_path ${folder}/store keys_zone=one:10m;
         server { listen 127.0.0.1:${port};
           location / { proxy_pass http://127.0.0.1:${originPort}; proxy_cache one;
             proxy_http_version 1.1; proxy_set_header Connection "";
             proxy_set_header Host $http_host; proxy_cache_key $host$request_uri;
             proxy_cache_revalidate on; proxy_cache_background_update on; proxy_cache_lock on;
             proxy_cache_use_stale updating; proxy_next_upstream off; } } }`,
    );
    return ['nginx', '-c', path, '-p', folder];
  },
  varnish: (folder, port, originPort) => {
    const path = join(folder, 'default.vcl');
    // Its own rules forget what is stale when it comes, and with it the validators.
    writeFileSync(
      path,
      `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${originPort}"; }
sub vcl_backend_response {
  set beresp.grace = 0s;
  set beresp.keep = 60s;
  if (beresp.ttl <= 0s && beresp.http.Cache-Control !~ "(?i)no-store|private") {
    set beresp.ttl = 1ms;
    return (deliver);
  }
}
`,
    );
    const store = ['-s', 'malloc,64m'];
    return [
      'varnishd',
      '-F',
      '-j',
      'none',
      '-n',
      folder,
      '-a',
      `127.0.0.1:${port}`,
      '-f',
      path,
      ...store,
    ];
  },
  haproxy: (folder, port, originPort) => {
    const path = join(folder, 'haproxy.cfg');
    writeFileSync(
      path,
      `defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
cache one
  total-max-size 16
  process-vary on
frontend web
  bind 127.0.0.1:${port}
  http-request cache-use one
  http-response cache-store one
  default_backend origin
backend origin
  server one 127.0.0.1:${originPort}
`,
    );
    return ['haproxy', '-f', path, '-db'];
  },
};

async function start(
  name: string,
  commandOf: (folder: string, port: number) => readonly string[],
): Promise<CacheServer> {
  const folder = temporaryFolder(`cache-${name}`);
  const port = await freePort();
  mkdirSync(join(folder.path, 'data'));
  const [program, ...args] = commandOf(folder.path, port) as [string, ...string[]];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([variable]) => !variable.startsWith('PLINTH_')),
  );
  let child: Child;
  const launch = async (): Promise<void> => {
    child = startChild(program, args, { cwd: folder.path, env });
    await waitUntil(`${name} to accept`, () => child.hasExited() || accepts(port));
    if (child.hasExited()) throw new Error(`${name} did not start: ${child.output()}`);
  };
  const stop = async (): Promise<void> => {
    child.process.kill('SIGTERM');
    const late = setTimeout(() => child.process.kill('SIGKILL'), 10_000);
    await child.exited;
    clearTimeout(late);
    folder.remove();
  };
  try {
    await launch();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ name, port, folder: folder.path, restart: launch, stop },
    get child() {
      return child;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
