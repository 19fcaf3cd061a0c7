/**
 * What a TLS request costs past the stream and over it: a reply of 1 KiB on a kept connection.
 *
 *     node bench/transport-tls.ts [--rounds 5] [--requests 60000] [--connections 32]
 *
 * The server answers every request of 80 bytes with 1,024 bytes and nothing else. It is pinned to core 0, the
 * load to core 1; the tiers take turns within a round. Figures are the server's processor time (user and
 * system, getrusage(2)) by request, medians of the rounds and how far they went.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { parseArgs } from 'node:util';
import type { ByteStream, StreamEvents, TransportTier } from '../src/core/runtime/index.ts';
import { createNodeTransport } from '../src/core/runtime/node/index.ts';

const requestBytes = 80;
const replyBytes = 1024;
const tiers: readonly TransportTier[] = ['streams', 'handle'];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '60000' },
    connections: { type: 'string', default: '32' },
    role: { type: 'string', default: 'run' },
    tier: { type: 'string', default: 'handle' },
    port: { type: 'string', default: '0' },
    folder: { type: 'string', default: '' },
  },
});

if (values.role === 'server') await serve();
else if (values.role === 'load') await load();
else await run();

async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-bench-tls-'));
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', ['req', '-x509', ...newKey, ...files], { cwd: folder, stdio: 'ignore' });
  const found = new Map(tiers.map((tier): [TransportTier, number[]] => [tier, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const tier of tiers) found.get(tier)!.push(await measure(tier, folder));
  }
  rmSync(folder, { recursive: true });
  console.log('| tier | CPU µs/request, median (lowest-highest) |\n|---|---|');
  for (const [tier, all] of found) {
    const sorted = all.toSorted((a, b) => a - b);
    const text = [sorted[sorted.length >> 1]!, sorted[0]!, sorted.at(-1)!].map((n) => n.toFixed(2));
    console.log(`| ${tier} | ${text[0]} (${text[1]}-${text[2]}) |`);
  }
}

async function measure(tier: TransportTier, folder: string): Promise<number> {
  const server = start(0, ['--role', 'server', '--tier', tier, '--folder', folder]);
  const [port] = (await once(server, 'message')) as [number];
  try {
    await loadBy(port, 5000);
    const before = await cpuOf(server);
    await loadBy(port, Number(values.requests));
    return ((await cpuOf(server)) - before) / Number(values.requests);
  } finally {
    server.kill();
    await once(server, 'exit');
  }
}

async function cpuOf(server: ChildProcess): Promise<number> {
  server.send('cpu');
  const [micros] = (await once(server, 'message')) as [number];
  return micros;
}

async function loadBy(port: number, requests: number): Promise<void> {
  const given = ['--role', 'load', '--port', `${port}`, '--requests', `${requests}`];
  const child = start(1, [...given, '--connections', values.connections]);
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error('the load failed');
}

function start(core: number, given: string[]): ChildProcess {
  const child = fork(import.meta.filename, given);
  execFileSync('taskset', ['-a', '-p', '-c', `${core}`, `${child.pid}`], { stdio: 'ignore' });
  return child;
}

class Answering implements StreamEvents {
  private readonly stream: ByteStream;
  private rest = 0;

  constructor(stream: ByteStream) {
    this.stream = stream;
    stream.attach(this);
  }

  onData(chunk: Buffer): void {
    this.rest += chunk.length;
    while (this.rest >= requestBytes) {
      this.rest -= requestBytes;
      this.stream.write(reply);
    }
  }
  onDrain(): void {}
  onEnd(): void {
    this.stream.destroy();
  }
  onClosed(): void {}
}

const reply = Buffer.alloc(replyBytes, 'r');

async function serve(): Promise<void> {
  const transport = await createNodeTransport(values.tier as TransportTier);
  if (transport.tier !== values.tier) throw new Error(`this Node carries ${transport.tier}`);
  await transport.prepareTls();
  const file = (name: string): Buffer => readFileSync(join(values.folder, name));
  const listener = await transport.listen({
    address: { host: '127.0.0.1', port: 0 },
    tls: { cert: file('cert.pem'), key: file('key.pem') },
    backlog: 511,
    keepAliveMs: 0,
    handshakeTimeoutMs: 10_000,
    admit: () => true,
    onAccept: (stream) => void new Answering(stream),
    onAcceptError: () => {},
    onHandshakeEnd: () => {},
  });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send!(user + system);
  });
  process.send!(listener.port);
}

async function load(): Promise<void> {
  const request = Buffer.alloc(requestBytes, 'q');
  let left = Number(values.requests);
  const one = async (): Promise<void> => {
    const socket = connect({
      port: Number(values.port),
      host: '127.0.0.1',
      rejectUnauthorized: false,
    });
    await once(socket, 'secureConnect');
    const done = Promise.withResolvers<void>();
    let owed = 0;
    const ask = (): void => {
      if (left-- <= 0) {
        done.resolve();
        return;
      }
      owed = replyBytes;
      socket.write(request);
    };
    socket.on('data', (chunk: Buffer) => {
      owed -= chunk.length;
      if (owed === 0) ask();
    });
    ask();
    await done.promise;
    socket.destroy();
  };
  await Promise.all(Array.from({ length: Number(values.connections) }, one));
  process.disconnect?.();
}
