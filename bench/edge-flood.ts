/**
 * What a flood from a few addresses does to everybody else, with the guard and without:
 *
 *     node bench/edge-flood.ts [--rounds 3] [--seconds 8] [--work 400] [--times 10]
 *
 * A server in a process of its own spends `--work` microseconds on each request. 40 clients ask it 200 times a second
 * in all; then four addresses more ask `--times` as often as all of them together, from a third process, pausing for
 * nobody. Latencies of the 40, in milliseconds from when a request was due, each phase `--seconds` long; the first
 * two seconds of the flood, in which it is to be seen, and what follows are told apart. Medians over the rounds, and
 * the range of their p99. `guard`: no rule has limits, what holds the flood back is what was learnt before it;
 * `limits`: a rule of 20 requests a second and client besides.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { defaultsOf, section } from '../src/core/config/index.ts';
import { HTTP_LIMITS, listenHttp } from '../src/core/downstream/index.ts';
import { answer, type Exchange, type Handler } from '../src/core/http/index.ts';
import { loopLoad, silentLogger } from '../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeRandom,
  createNodeTransport,
} from '../src/core/runtime/node/index.ts';
import { Guard } from '../src/edge/guard/guard.ts';
import { DEFAULT_RULE, guardFields } from '../src/edge/guard/guard-fields.ts';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    work: { type: 'string', default: '400' },
    times: { type: 'string', default: '10' },
    role: { type: 'string', default: '' },
    guard: { type: 'boolean', default: false },
    limits: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
  },
});
const CLIENTS = 40;
const PER_SECOND = 200;
const FLOODERS = 4;
/** Connections of each address of the flood. */
const FLOOD_CONNECTIONS = 8;
const phaseMs = Number(given.seconds) * 1000;

async function serve(): Promise<void> {
  const clock = createNodeClock();
  const random = createNodeRandom();
  const standard = defaultsOf(section('guard', 'For the bench.', guardFields));
  const rules = [{ ...DEFAULT_RULE, ...(given.limits && { perSecond: 20, burst: 40 }) }];
  const guard = new Guard(
    { ...standard, rules },
    { clock, random, log: silentLogger(), load: loopLoad() },
  );
  const workMs = Number(given.work) / 1000;
  const work: Handler = (exchange) => {
    const endMs = performance.now() + workMs;
    while (performance.now() < endMs);
    answer(exchange, { status: 200, says: 'fine' });
  };
  if (given.guard) guard.start();
  const { listener } = await listenHttp({
    ...{ transport: await createNodeTransport(), clock, random, limits: HTTP_LIMITS },
    address: { host: '127.0.0.1', port: 0 },
    handler: given.guard ? (guard.make('default', 'bench', work) as Handler) : work,
    // Addresses are told by the field: a machine has one.
    trusts: () => true,
    events: {
      onRequestEnd: (exchange: Exchange, ending) => guard.ended(exchange, ending),
      onRefused: () => {},
    },
  });
  process.send?.(listener.port);
}

/** A connection that asks when it is told to, and says when the answer has come. */
class Asking {
  /** When each request under way was due. */
  private readonly due: number[] = [];
  private socket: Socket;
  private readonly bytes: Buffer;
  private readonly onAnswer: (dueMs: number, status: string) => void;
  private readonly port: number;

  constructor(port: number, address: string, onAnswer: (dueMs: number, status: string) => void) {
    this.port = port;
    this.bytes = Buffer.from(
      `GET /${address} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n\r\n`,
    );
    this.onAnswer = onAnswer;
    this.socket = this.open();
  }

  ask(dueMs: number): void {
    this.due.push(dueMs);
    this.socket.write(this.bytes);
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private open(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.due.length = 0;
      this.socket = this.open();
    });
    socket.on('data', (chunk) => {
      for (const [, status = ''] of chunk.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3})/g)) {
        const due = this.due.shift();
        if (due !== undefined) this.onAnswer(due, status);
      }
    });
    return socket;
  }
}

/** Asks evenly, `perSecond` in all, whatever comes back. @returns how to stop. */
function askEvenly(connections: readonly Asking[], perSecond: number): () => void {
  const beganMs = performance.now();
  let asked = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - beganMs) * perSecond) / 1000);
    for (; asked < due; asked++) {
      connections[asked % connections.length]?.ask(beganMs + (asked * 1000) / perSecond);
    }
  }, 1);
  return () => clearInterval(timer);
}

function flood(port: number): void {
  const connections = Array.from(
    { length: FLOODERS * FLOOD_CONNECTIONS },
    (_, i) => new Asking(port, `203.0.113.${(i % FLOODERS) * 7 + 1}`, () => {}),
  );
  askEvenly(connections, PER_SECOND * Number(given.times));
  process.on('disconnect', () => process.exit());
}

interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly refused: number;
}

const KINDS = ['none', 'guard', 'limits'] as const;
const PHASES = ['calm', 'first', 'flooded'] as const;
type Phases = Readonly<Record<(typeof PHASES)[number], Figures>>;

async function main(): Promise<void> {
  const rounds: Record<(typeof KINDS)[number], Phases>[] = [];
  for (let round = 0; round < Number(given.rounds); round++) {
    const none = await phases([]);
    const guard = await phases(['--guard']);
    rounds.push({ none, guard, limits: await phases(['--guard', '--limits']) });
  }
  console.log(`flood of ${given.times} times the usual ${PER_SECOND} requests a second, ms`);
  for (const kind of KINDS) {
    for (const phase of PHASES) {
      const of = (figure: keyof Figures): number[] =>
        rounds.map((each) => each[kind][phase][figure]).sort((x, y) => x - y);
      const p99 = of('p99');
      const range = `${(p99[0] as number).toFixed(1)}-${(p99.at(-1) as number).toFixed(1)}`;
      console.log(
        `${kind.padEnd(6)} ${phase.padEnd(8)} p50 ${middle(of('p50')).padStart(7)}  p99 ${middle(p99).padStart(8)} (${range})  refused ${middle(of('refused'))}`,
      );
    }
  }
}

function middle(list: readonly number[]): string {
  return (list[list.length >> 1] as number).toFixed(1);
}

/** A server of its own, first without and then with a flood. */
async function phases(options: readonly string[]): Promise<Phases> {
  const server = fork(import.meta.filename, ['--role', 'server', '--work', given.work, ...options]);
  const [port] = (await once(server, 'message')) as [number];
  const latencies: number[] = [];
  let refused = 0;
  const connections = Array.from(
    { length: CLIENTS },
    (_, i) =>
      new Asking(port, `192.0.2.${i + 1}`, (dueMs, status) => {
        latencies.push(performance.now() - dueMs);
        if (status !== '200') refused++;
      }),
  );
  const stop = askEvenly(connections, PER_SECOND);
  const figures = async (ms: number): Promise<Figures> => {
    latencies.length = 0;
    refused = 0;
    await new Promise((resolve) => setTimeout(resolve, ms));
    const sorted = latencies.toSorted((x, y) => x - y);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    return { p50: at(0.5), p99: at(0.99), refused };
  };
  // What is normal is learnt, and code is compiled.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const calm = await figures(phaseMs);
  const flooding = fork(import.meta.filename, [
    '--role',
    'flood',
    '--port',
    String(port),
    '--times',
    given.times,
  ]);
  const first = await figures(2000);
  const flooded = await figures(phaseMs);
  stop();
  for (const each of connections) each.close();
  flooding.kill();
  server.kill();
  return { calm, first, flooded };
}

if (given.role === 'server') await serve();
else if (given.role === 'flood') flood(Number(given.port));
else await main();
