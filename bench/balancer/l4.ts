/**
 * What layer 4 costs beside HAProxy (mode tcp) and nginx (stream).
 *
 *     node bench/balancer/l4.ts [--rounds 5] [--seconds 4] [--connections 50] [--downloads 40]
 *
 * small: wrk asks an nginx for 1 KiB over kept connections; bulk: wrk downloads 10 MiB over two. Each proxy is
 * pinned to core 0, wrk and the nginx behind to core 1. The proxies take turns within a round; the table shows
 * medians of the rounds and how far they went. Processor time is utime and stime of /proc/PID/stat. The peers
 * have one thread or worker, no log. Ratios are to the better of nginx and HAProxy as they come; `nginx, 64 KiB` has
 * larger buffers (16 KiB is the default), `HAProxy, splice` has `option splice-auto`, which moves bulk in the kernel.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuMicros } from '../kv/machine.ts';
import { spread } from './report.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const firstPort = 17_700;
const originPort = firstPort;
const folder = mkdtempSync(join(tmpdir(), 'plinth-l4-'));

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

const loads: readonly [name: string, path: string, connections: string, bytes: number][] = [
  // With the head.
  ['1 KiB', '/small', values.connections, 1024 + 245],
  ['10 MiB', '/bulk', '2', 10 * 1024 * 1024],
];

function nginx(name: string, body: string): string[] {
  const path = join(folder, `${name}.conf`);
  const modules = '/usr/lib/nginx/modules/ngx_stream_module.so';
  writeFileSync(
    path,
    `daemon off; worker_processes 1; master_process off; pid ${folder}/${name}.pid;
     error_log /dev/null; ${body.startsWith('stream') ? `load_module ${modules};` : ''}
     events { worker_connections 4096; multi_accept on; }
     ${body}`,
  );
  return ['nginx', '-c', path, '-p', folder];
}

function haproxy(name: string, port: number, more: string): string[] {
  const path = join(folder, `${name}.cfg`);
  writeFileSync(
    path,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${more}
listen l4
  bind 127.0.0.1:${port}
  server one 127.0.0.1:${originPort}
`,
  );
  return ['haproxy', '-f', path, '-db'];
}

function stream(port: number, more: string): string {
  return `stream { server { listen 127.0.0.1:${port}; ${more} proxy_pass 127.0.0.1:${originPort}; } }`;
}

mkdirSync(join(folder, 'www'));
writeFileSync(join(folder, 'www/small'), 'x'.repeat(1024));
writeFileSync(join(folder, 'www/bulk'), Buffer.alloc(10 * 1024 * 1024, 'y'));
const origin = spawn(
  'taskset',
  [
    '-c',
    '1',
    ...nginx(
      'origin',
      `http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=10;
       server { listen 127.0.0.1:${originPort}; root ${folder}/www; } }`,
    ),
  ],
  { stdio: 'ignore' },
);

const plinth = join(import.meta.dirname, 'l4-server.ts');
const candidates: Candidate[] = [
  ['nginx stream', (port: number) => nginx('stream', stream(port, ''))] as const,
  [
    'nginx, 64 KiB',
    (port: number) => nginx('stream64', stream(port, 'proxy_buffer_size 64k;')),
  ] as const,
  ['HAProxy tcp', (port: number) => haproxy('haproxy', port, '')] as const,
  ['HAProxy, splice', (port: number) => haproxy('splice', port, '  option splice-auto')] as const,
  ['Plinth', (port: number) => [process.execPath, plinth, `${port}`, `${originPort}`]] as const,
]
  .filter(([name]) => name.toLowerCase().includes(values.only))
  .map(([name, command], i) => {
    const port = firstPort + 1 + i;
    const samples = new Map(loads.map(([load]): [string, Sample[]] => [load, []]));
    return { name, port, command: command(port), child: null, samples };
  });

try {
  for (const candidate of candidates) {
    const { command } = candidate;
    candidate.child = spawn('taskset', ['-c', '0', ...command], { stdio: 'ignore' });
  }
  for (const { port } of [{ port: originPort }, ...candidates]) await listening(port);
  for (let round = -1; round < rounds; round++) {
    for (const [name, path, connections, bytes] of loads) {
      for (const candidate of candidates) {
        const sample = measure(
          candidate,
          path,
          connections,
          round < 0 ? '1' : values.seconds,
          bytes,
        );
        if (round >= 0) candidate.samples.get(name)!.push(sample);
      }
    }
  }
  report();
} finally {
  origin.kill();
  for (const { child } of candidates) child?.kill();
  rmSync(folder, { recursive: true });
}

function measure(
  { child, port }: Candidate,
  path: string,
  connections: string,
  seconds: string,
  responseBytes: number,
): Sample {
  const before = cpuMicros(child!.pid!);
  const output = execFileSync(
    'taskset',
    [
      '-c',
      '1',
      'wrk',
      '-t',
      '1',
      '-c',
      connections,
      '-d',
      seconds,
      `http://127.0.0.1:${port}${path}`,
    ],
    { encoding: 'utf8' },
  );
  const used = cpuMicros(child!.pid!) - before;
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  // By bytes: a download that was under way at the end has cost as much as it brought.
  const [, count, unit] = /([\d.]+)([KMG])B read/.exec(output)!;
  const bytes = Number(count) * 1024 ** ('KMG'.indexOf(unit as string) + 1);
  const requests = bytes / responseBytes;
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  return { perSecond, cpuMicros: used / requests };
}

/** Ratios are taken within a round, so that what disturbs the machine for minutes cancels out. */
function report(): void {
  for (const [load] of loads) {
    console.log(`\n${load}, medians of ${rounds} rounds (lowest-highest)\n`);
    console.log('| proxy | CPU µs/request | to the better of nginx and HAProxy | requests/s |');
    console.log('|---|---|---|---|');
    const peers = candidates.filter(
      ({ name }) => name === 'nginx stream' || name === 'HAProxy tcp',
    );
    for (const { name, samples } of candidates) {
      const all = samples.get(load)!;
      const ratios = all.map((sample, round) => {
        const best = Math.min(...peers.map((peer) => peer.samples.get(load)![round]!.cpuMicros));
        return sample.cpuMicros / best;
      });
      const cells = [
        spread(
          all.map((sample) => sample.cpuMicros),
          1,
        ),
        spread(ratios, 2),
        spread(
          all.map((sample) => sample.perSecond),
          0,
        ),
      ];
      console.log(`| ${name} | ${cells.join(' | ')} |`);
    }
  }
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', () => resolve(false));
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens on port ${port}`);
}
