/**
 * What a proxied request of HTTP/2 costs beside nginx and HAProxy.
 *
 *     node bench/http/http2.ts [--rounds 5] [--seconds 3] [--connections 10] [--only 10] [--upstream http2|none]
 *         [--profile DIR]
 *
 * h2load asks for 1 KiB over cleartext connections, with 10 streams at once on each and with one; an nginx behind
 * sends them over kept connections of HTTP/1.1, or with `--upstream http2` of HTTP/2, which nginx as a proxy does not
 * speak: it goes on with HTTP/1.1. With `--upstream none` each gives the answer itself, nginx from a file, HAProxy and we
 * from memory. Each proxy is pinned to core 0, h2load and the server to core 1.
 * The proxies take turns within a round; the table shows medians of the rounds and how far they went. Processor
 * time is utime and stime of /proc/PID/stat. The peers have one worker or thread and no log.
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
    connections: { type: 'string', default: '10' },
    only: { type: 'string', default: '' },
    upstream: { type: 'string', default: 'http1' },
    profile: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const BODY_BYTES = 1024;
const originPort = 17_740;
/** The same server for those who speak HTTP/2 to it. */
const http2Port = 17_750;
const answering = values.upstream === 'none';
const upstreamPort = values.upstream === 'http2' ? http2Port : originPort;
const folder = mkdtempSync(join(tmpdir(), 'plinth-http2-'));

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

/** Streams at once on each connection. */
const loads = ['10', '1'].filter((streams) => values.only === '' || values.only === streams);

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
listen http
  bind 127.0.0.1:${port} proto h2
${answering ? `  http-request return status 200 content-type text/plain file ${folder}/www/one` : ''}
  server one 127.0.0.1:${upstreamPort} ${values.upstream === 'http2' ? 'proto h2' : ''}
`,
  );
  return ['haproxy', '-f', path, '-db'];
}

mkdirSync(join(folder, 'www'));
writeFileSync(join(folder, 'www', 'one'), Buffer.alloc(BODY_BYTES, 'x'));
const origin = spawn(
  'taskset',
  [
    ...['-c', '1'],
    ...nginx(
      'origin',
      `sendfile on; tcp_nopush on; open_file_cache max=10;
       server { listen 127.0.0.1:${originPort}; root ${folder}/www; }
       server { listen 127.0.0.1:${http2Port} http2; root ${folder}/www; }`,
    ),
  ],
  { stdio: 'ignore' },
);

const server = join(import.meta.dirname, 'proxy-server.ts');
const profile = values.profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const commands: readonly (readonly [string, (port: number) => string[]])[] = [
  [
    'nginx',
    (port) =>
      nginx(
        'proxy',
        `upstream one { server 127.0.0.1:${originPort}; keepalive 128; keepalive_requests 100000000; }
         open_file_cache max=10;
         server { listen 127.0.0.1:${port} http2;
           location / { ${answering ? `root ${folder}/www; } }` : `proxy_pass http://one; proxy_http_version 1.1; proxy_set_header Connection ""; } }`}`,
      ),
  ],
  ['HAProxy', haproxy],
  [
    'Plinth',
    (port) => [
      process.execPath,
      ...profile,
      server,
      `${port}`,
      `${upstreamPort}`,
      answering ? 'answer' : values.upstream,
    ],
  ],
];
const candidates: Candidate[] = commands.map(([name, command], i) => {
  const port = originPort + 1 + i;
  const samples = new Map(loads.map((load): [string, Sample[]] => [load, []]));
  return { name, port, command: command(port), child: null, samples };
});

try {
  for (const candidate of candidates) {
    candidate.child = spawn('taskset', ['-c', '0', ...candidate.command], { stdio: 'ignore' });
  }
  for (const { port } of [{ port: originPort }, ...candidates]) await listening(port);
  for (let round = -1; round < rounds; round++) {
    for (const load of loads) {
      for (const candidate of candidates) {
        const sample = measure(candidate, load, round < 0 ? '1' : values.seconds);
        if (round >= 0) candidate.samples.get(load)!.push(sample);
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

function measure({ child, port }: Candidate, streams: string, seconds: string): Sample {
  const before = cpuMicros(child!.pid!);
  const load = ['-t', '1', '-c', values.connections, '-m', streams, '-D', seconds];
  const output = execFileSync(
    'taskset',
    ['-c', '1', 'h2load', ...load, `http://127.0.0.1:${port}/one`],
    { encoding: 'utf8' },
  );
  const used = cpuMicros(child!.pid!) - before;
  const done = Number(/, (\d+) succeeded/.exec(output)?.[1]);
  // What is under way when the time is over counts as failed, and is not more than that.
  const failed = Number(/, (\d+) failed/.exec(output)?.[1]);
  if (!(done > 0) || failed > Number(streams) * Number(values.connections)) throw new Error(output);
  return { perSecond: done / Number(seconds), cpuMicros: used / done };
}

/** Ratios are taken within a round, so that what disturbs the machine for minutes cancels out. */
function report(): void {
  for (const load of loads) {
    console.log(`\n1 KiB, ${load} streams at once, medians of ${rounds} rounds (lowest-highest)\n`);
    console.log('| proxy | CPU µs/request | to nginx | to HAProxy | requests/s |');
    console.log('|---|---|---|---|---|');
    for (const { name, samples } of candidates) {
      const all = samples.get(load)!;
      const to = (peer: number): string => {
        const others = candidates[peer]!.samples.get(load)!;
        return spread(
          all.map((each, round) => each.cpuMicros / others[round]!.cpuMicros),
          2,
        );
      };
      const cpu = spread(
        all.map((each) => each.cpuMicros),
        1,
      );
      const rate = spread(
        all.map((each) => each.perSecond),
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
