/**
 * What durability costs over the wire: Plinth beside redis-server with its append-only file.
 *
 *     npm run bench:log -- [--rounds 5] [--seconds 1.5] [--modes always,everysec,never,none]
 *                          [--tests set,lpush] [--pipelines 1,16] [--also <other checkout>]
 *
 * Each server is pinned to core 0, all its threads with it, redis-benchmark to core 1. Servers take
 * turns within a round; the table shows medians, and ratios taken within a round, so that what
 * disturbs the machine for minutes cancels out. Processor time is utime and stime of /proc/PID/stat,
 * see proc(5), in ticks of 10 ms. Neither side rewrites its log while it is measured. `none` is
 * without persistence.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1.5' },
    modes: { type: 'string', default: 'always,everysec,never,none' },
    tests: { type: 'string', default: 'set,lpush' },
    pipelines: { type: 'string', default: '1,16' },
    connections: { type: 'string', default: '50' },
    /** Folder of another checkout of this project, measured as well. */
    also: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const tickMicros = 10_000;
const payloadBytes = '100';
const warmUpRequests = 400_000;

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p99Ms: number;
}

interface Candidate {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

// The folder of the project, not the system's temporary one: that is often no real disk.
const folder = mkdtempSync(join(process.cwd(), '.bench-kv-log-'));

try {
  for (const mode of values.modes.split(',')) await measureMode(mode);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measureMode(mode: string): Promise<void> {
  const candidates = [await startRedis(mode), await startPlinth('plinth', process.cwd(), mode)];
  if (values.also !== undefined) candidates.push(await startPlinth('also', values.also, mode));
  try {
    for (const { port } of candidates) await answering(port);
    // Hot code is compiled and the first segment has grown: what is measured is the steady state.
    for (const candidate of candidates) {
      for (const test of values.tests.split(',')) load(candidate, test, 16, warmUpRequests);
    }
    for (const pipeline of values.pipelines.split(',').map(Number)) {
      for (const test of values.tests.split(',')) {
        report(
          `${test}, ${mode}, -P ${pipeline}`,
          candidates,
          measureCase(candidates, test, pipeline),
        );
      }
    }
  } finally {
    for (const { child } of candidates) child.kill('SIGKILL');
  }
}

function measureCase(candidates: readonly Candidate[], test: string, pipeline: number): Sample[][] {
  const samples: Sample[][] = candidates.map(() => []);
  // Everybody does the same number of requests: as many as the first does in the time given.
  const { perSecond } = load(candidates[0]!, test, pipeline, 40_000);
  const requests = Math.ceil((perSecond * Number(values.seconds)) / 1000) * 1000;
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes, for what one leaves to the disk to do may fall upon the next.
    for (let turn = 0; turn < candidates.length; turn++) {
      const at = (turn + round) % candidates.length;
      samples[at]!.push(load(candidates[at]!, test, pipeline, requests));
    }
  }
  return samples;
}

function load(candidate: Candidate, test: string, pipeline: number, requests: number): Sample {
  const before = processorTicks(candidate.child.pid!);
  const output = execFileSync(
    'taskset',
    [
      ...['-c', '1', 'redis-benchmark', '--csv', '-p', `${candidate.port}`, '-t', test],
      ...['-n', `${requests}`, '-d', payloadBytes, '-c', values.connections, '-P', `${pipeline}`],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const cpuMicros = (processorTicks(candidate.child.pid!) - before) * tickMicros;
  // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms",...
  const fields = output.trim().split('\n').at(-1)!.replaceAll('"', '').split(',');
  execFileSync('redis-cli', ['-p', `${candidate.port}`, 'del', 'mylist'], { stdio: 'ignore' });
  return {
    perSecond: Number(fields[1]),
    cpuMicros: cpuMicros / requests,
    p99Ms: Number(fields[6]),
  };
}

function report(title: string, candidates: readonly Candidate[], samples: Sample[][]): void {
  console.log(`\n${title}, ${values.connections} clients, medians of ${rounds} (lowest-highest)\n`);
  console.log('| server | requests/s | to redis | CPU µs/request | to redis | p99 ms |');
  console.log('|---|---|---|---|---|---|');
  const peer = samples[0]!;
  for (const [at, { name }] of candidates.entries()) {
    const own = samples[at]!;
    const ratio = (of: (sample: Sample) => number): string =>
      median(own.map((sample, round) => of(sample) / of(peer[round]!))).toFixed(2);
    const cells = [
      spread(
        own.map((sample) => sample.perSecond),
        0,
      ),
      ratio((sample) => sample.perSecond),
      spread(
        own.map((sample) => sample.cpuMicros),
        2,
      ),
      ratio((sample) => sample.cpuMicros),
      spread(
        own.map((sample) => sample.p99Ms),
        2,
      ),
    ];
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

async function startRedis(mode: string): Promise<Candidate> {
  const port = await freePort();
  const policy = mode === 'never' ? 'no' : mode;
  const append = mode === 'none' ? ['no'] : ['yes', '--appendfsync', policy];
  const args = ['--port', `${port}`, '--dir', mkdtempSync(join(folder, 'redis-')), '--save', ''];
  const rest = ['--auto-aof-rewrite-percentage', '0', '--appendonly', ...append];
  return { name: 'redis', port, child: pinned('redis-server', [...args, ...rest], folder) };
}

async function startPlinth(name: string, checkout: string, mode: string): Promise<Candidate> {
  const port = await freePort();
  const data = mkdtempSync(join(folder, `${name}-`));
  const durability = mode === 'none' ? 'persistence=false' : `fsync=${mode}`;
  const settings = [`kv.port=${port}`, 'admin.port=0', 'files.enabled=false', `kv.${durability}`];
  if (mode !== 'none') settings.push(`kv.flush_log=${2 ** 40}`);
  const args = ['src/main.ts', 'up', '--data', data, ...settings.flatMap((one) => ['--set', one])];
  return { name, port, child: pinned(process.execPath, args, checkout) };
}

function pinned(command: string, args: readonly string[], cwd: string): ChildProcess {
  return spawn('taskset', ['-c', '0', command, ...args], { cwd, stdio: 'ignore' });
}

/** User and system time of a process with all its threads, in ticks. */
function processorTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function spread(all: readonly number[], digits: number): string {
  const [low, high] = [Math.min(...all), Math.max(...all)].map((value) => value.toFixed(digits));
  return `${median(all).toFixed(digits)} (${low}-${high})`;
}

function median(all: readonly number[]): number {
  const sorted = all.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      const reply = execFileSync('redis-cli', ['-p', `${port}`, 'ping'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      if (reply.trim() === 'PONG') return;
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  throw new Error(`nobody answers on port ${port}`);
}
