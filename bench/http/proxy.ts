/**
 * What a proxied request costs beside nginx and HAProxy.
 *
 *     node bench/http/proxy.ts [--rounds 5] [--seconds 3] [--connections 50] [--only 1] [--fields]
 *
 * wrk asks for bodies of 1 KiB, 64 KiB and 10 MiB over kept connections, an nginx behind sends them. Each proxy
 * is pinned to core 0, wrk and the server to core 1. The proxies take turns within a round; the table shows medians
 * of the rounds and how far they went. Processor time is utime and stime of /proc/PID/stat. The peers have one
 * worker or thread, no log, kept connections to the server. `--fields`: all tell the server of the client.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { spread } from '../balancer/report.ts';
import { cpuMicros } from '../kv/machine.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
    fields: { type: 'boolean', default: false },
    profile: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const firstPort = 17_720;
const originPort = firstPort;
const folder = mkdtempSync(join(tmpdir(), 'plinth-proxy-'));

interface Sample {
  readonly perSecond: number;
  /** Per request. */
  readonly cpuMicros: number;
}

interface Candidate {
  readonly name: string;
  readonly port: number;
  readonly command: readonly string[];
  child: ChildProcess | null;
  readonly samples: Map<string, Sample[]>;
}

interface Load {
  readonly name: string;
  readonly path: string;
  readonly connections: string;
  /** A response with its head. */
  readonly bytes: number;
}

const loads: readonly Load[] = (
  [
    ['1 KiB', '1', 1024, values.connections],
    ['64 KiB', '64', 65_536, '20'],
    ['10 MiB', '10240', 10 * 1024 * 1024, '2'],
  ] as const
)
  .map(([name, path, bytes, connections]) => ({ name, path, connections, bytes: bytes + 240 }))
  .filter(({ path }) => values.only === '' || values.only.split(',').includes(path));

function nginx(name: string, body: string): string[] {
  const path = join(folder, `${name}.conf`);
  writeFileSync(
    path,
    `daemon off; worker_processes 1; master_process off; pid ${folder}/${name}.pid; error_log /dev/null;
     events { worker_connections 4096; multi_accept on; }
     http { access_log off; keepalive_requests 100000000; client_body_temp_path ${folder}/body;
            proxy_temp_path ${folder}/temp; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u;
            scgi_temp_path ${folder}/s; ${body} }`,
  );
  return ['nginx', '-c', path, '-p', folder];
}

function haproxy(port: number): string[] {
  const path = join(folder, 'haproxy.cfg');
  writeFileSync(
    path,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
${values.fields ? '  option forwardfor' : ''}
listen http
  bind 127.0.0.1:${port}
  server one 127.0.0.1:${originPort}
`,
  );
  return ['haproxy', '-f', path, '-db'];
}

mkdirSync(join(folder, 'www'));
for (const { path, bytes } of loads) {
  writeFileSync(join(folder, 'www', path), Buffer.alloc(bytes - 240, 'x'));
}
const origin = spawn(
  'taskset',
  [
    ...['-c', '1'],
    ...nginx(
      'origin',
      `sendfile on; tcp_nopush on; open_file_cache max=10;
       server { listen 127.0.0.1:${originPort}; root ${folder}/www; }`,
    ),
  ],
  { stdio: 'ignore' },
);

const told = values.fields
  ? 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;'
  : '';
const server = join(import.meta.dirname, 'proxy-server.ts');
const profile = values.profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const candidates: Candidate[] = [
  [
    'nginx',
    (port: number) =>
      nginx(
        'proxy',
        `upstream one { server 127.0.0.1:${originPort}; keepalive 128; keepalive_requests 100000000; }
         server { listen 127.0.0.1:${port};
           location / { proxy_pass http://one; proxy_http_version 1.1; proxy_set_header Connection ""; ${told}
             proxy_buffers 16 64k; proxy_buffer_size 16k; proxy_busy_buffers_size 256k; proxy_max_temp_file_size 0; } }`,
      ),
  ] as const,
  ['HAProxy', (port: number) => haproxy(port)] as const,
  [
    'Plinth',
    (port: number) => [
      ...[process.execPath, ...profile, server, `${port}`, `${originPort}`],
      ...(values.fields ? ['fields'] : []),
    ],
  ] as const,
].map(([name, command], i) => {
  const port = firstPort + 1 + i;
  const samples = new Map(loads.map((load): [string, Sample[]] => [load.name, []]));
  return { name, port, command: command(port), child: null, samples };
});

try {
  for (const candidate of candidates) {
    const { command } = candidate;
    candidate.child = spawn('taskset', ['-c', '0', ...command], { stdio: 'ignore' });
  }
  for (const { port } of [{ port: originPort }, ...candidates]) await listening(port);
  for (let round = -1; round < rounds; round++) {
    for (const load of loads) {
      for (const candidate of candidates) {
        const sample = measure(candidate, load, round < 0 ? '1' : values.seconds);
        if (round >= 0) candidate.samples.get(load.name)!.push(sample);
      }
    }
  }
  report();
} finally {
  origin.kill();
  for (const { child } of candidates) child?.kill();
  await new Promise((resolve) => setTimeout(resolve, 500));
  rmSync(folder, { recursive: true });
}

function measure(
  { child, port }: Candidate,
  { path, connections, bytes: responseBytes }: Load,
  seconds: string,
): Sample {
  const before = cpuMicros(child!.pid!);
  const url = `http://127.0.0.1:${port}/${path}`;
  const wrk = ['wrk', '-t', '1', '-c', connections, '-d', seconds, url];
  const output = execFileSync('taskset', ['-c', '1', ...wrk], { encoding: 'utf8' });
  const used = cpuMicros(child!.pid!) - before;
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  const count = Number(/(\d+) requests in/.exec(output)?.[1]);
  // By bytes where few are whole: a download under way at the end has cost as much as it brought.
  const [, size, unit] = /([\d.]+)([KMG])B read/.exec(output)!;
  const bytes = Number(size) * 1024 ** ('KMG'.indexOf(unit as string) + 1);
  const requests = count > 10_000 ? count : bytes / responseBytes;
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  return { perSecond, cpuMicros: used / requests };
}

/** Ratios are taken within a round, so that what disturbs the machine for minutes cancels out. */
function report(): void {
  for (const { name: load } of loads) {
    console.log(`\n${load}, medians of ${rounds} rounds (lowest-highest)\n`);
    console.log('| proxy | CPU µs/request | to nginx | to HAProxy | requests/s |');
    console.log('|---|---|---|---|---|');
    for (const { name, samples } of candidates) {
      const all = samples.get(load)!;
      const to = (peer: number): string =>
        spread(
          all.map(
            ({ cpuMicros: own }, round) =>
              own / candidates[peer]!.samples.get(load)![round]!.cpuMicros,
          ),
          2,
        );
      const cpu = spread(
        all.map((sample) => sample.cpuMicros),
        1,
      );
      const rate = spread(
        all.map((sample) => sample.perSecond),
        0,
      );
      console.log(`| ${name} | ${cpu} | ${to(0)} | ${to(1)} | ${rate} |`);
    }
  }
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1');
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on ${port}`);
}
