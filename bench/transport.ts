/**
 * What a request costs on each socket tier, beside redis-server in the same run.
 *
 *     node bench/transport.ts [--rounds 5] [--requests 200000] [--connections 50] [--tls]
 *
 * The servers answer `+PONG\r\n` and nothing else, so the figures are the transport's. Each server is
 * pinned to core 0, redis-benchmark to core 1; servers take turns within a round; the table shows
 * medians of the rounds and how far they went. Processor time is utime and stime of /proc/PID/stat, see proc(5), in ticks
 * of 10 ms. 'now' writes in the read event, 'turn' after all reads of the turn of the loop.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '200000' },
    connections: { type: 'string', default: '50' },
    tls: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const tickMicros = 10_000;
const pipelines = values.tls ? [1] : [1, 16];
const firstPort = 17_400;

interface Sample {
  readonly perSecond: number;
  readonly userMicros: number;
  readonly systemMicros: number;
}

interface Candidate {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly samples: Map<number, Sample[]>;
}

const server = join(import.meta.dirname, 'transport-server.ts');
const folder = mkdtempSync(join(tmpdir(), 'plinth-bench-'));
const [cert, key] = [join(folder, 'x.crt'), join(folder, 'x.key')];
if (values.tls) {
  const subject = ['-nodes', '-days', '1', '-subj', '/CN=localhost'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const given = ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert];
  execFileSync('openssl', given, { stdio: 'ignore' });
}
const redisTls = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
const loadTls = values.tls ? ['--tls', '--insecure'] : [];

function redis(port: number): string[] {
  const plain = ['redis-server', '--save', '', '--appendonly', 'no'];
  if (!values.tls) return [...plain, '--port', `${port}`];
  const door = ['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no'];
  return [...plain, ...door, ...redisTls];
}

/** Under TLS every tier is the same. */
const tiers = values.tls ? ['handle'] : ['streams', 'onread', 'handle'];
const commands: [string, (port: number) => string[]][] = [
  ['redis-server', redis],
  ...tiers.flatMap((tier) =>
    ['now', 'turn'].map((when): [string, (port: number) => string[]] => [
      `${values.tls ? 'TLS' : tier}, ${when}`,
      (port) => [
        ...[process.execPath, server, tier, when, `${port}`],
        ...(values.tls ? [cert, key] : []),
      ],
    ]),
  ),
];

const candidates: Candidate[] = commands.map(([name, command], i) => {
  const port = firstPort + i;
  const child = spawn('taskset', ['-c', '0', ...command(port)], { stdio: 'ignore' });
  return { name, port, child, samples: new Map(pipelines.map((p) => [p, []])) };
});

try {
  for (const candidate of candidates) await listening(candidate.port);
  for (let round = -1; round < rounds; round++) {
    for (const pipeline of pipelines) {
      for (const candidate of candidates) {
        const sample = measure(candidate, pipeline, round < 0 ? 0.2 : 1);
        if (round >= 0) candidate.samples.get(pipeline)!.push(sample);
      }
    }
  }
  report();
} finally {
  for (const { child } of candidates) child.kill();
  rmSync(folder, { recursive: true });
}

function measure(candidate: Candidate, pipeline: number, share: number): Sample {
  const requests = Math.round(Number(values.requests) * share * (pipeline === 1 ? 1 : 6));
  const before = processorTicks(candidate.child.pid!);
  const given = ['-p', `${candidate.port}`, '-t', 'ping_mbulk', '-n', `${requests}`, '-q'];
  const load = [
    'redis-benchmark',
    ...given,
    ...loadTls,
    '-c',
    values.connections,
    '-P',
    `${pipeline}`,
  ];
  const output = execFileSync('taskset', ['-c', '1', ...load], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const after = processorTicks(candidate.child.pid!);
  const perSecond = Number(/([\d.]+) requests per second/.exec(output)?.[1]);
  const micros = (i: 0 | 1): number => ((after[i] - before[i]) * tickMicros) / requests;
  return { perSecond, userMicros: micros(0), systemMicros: micros(1) };
}

/** User and system time of a process, in ticks. */
function processorTicks(pid: number): [number, number] {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return [Number(fields[11]), Number(fields[12])];
}

/** Ratios are taken within a round, so that what disturbs the machine for minutes cancels out. */
function report(): void {
  for (const pipeline of pipelines) {
    const title = `${values.connections} connections, pipeline ${pipeline}`;
    console.log(`\n${title}${values.tls ? ', TLS' : ''}, medians of ${rounds} (lowest-highest)\n`);
    console.log(
      '| server | CPU µs/request | of it user | to redis-server, same round | requests/s |',
    );
    console.log('|---|---|---|---|---|');
    const peer = candidates[0]!.samples.get(pipeline)!.map(totalMicros);
    for (const { name, samples } of candidates) {
      const all = samples.get(pipeline)!;
      const cells = [
        spread(all.map(totalMicros), 2),
        spread(
          all.map((sample) => sample.userMicros),
          2,
        ),
        spread(
          all.map((sample, round) => totalMicros(sample) / peer[round]!),
          2,
        ),
        spread(
          all.map((sample) => sample.perSecond / 1000),
          0,
          'k',
        ),
      ];
      console.log(`| ${name} | ${cells.join(' | ')} |`);
    }
  }
}

function totalMicros(sample: Sample): number {
  return sample.userMicros + sample.systemMicros;
}

function spread(all: number[], digits: number, unit = ''): string {
  const [low, high] = [Math.min(...all), Math.max(...all)].map((value) => value.toFixed(digits));
  return `${median(all).toFixed(digits)}${unit} (${low}-${high})`;
}

function median(all: number[]): number {
  const sorted = all.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens on port ${port}`);
}
