/**
 * What an idle connection costs in memory on each socket tier.
 *
 *     node bench/transport-idle.ts [--connections 10000] [--rounds 3]
 *
 * Each connection has had one request answered. Figures are the server's resident set and heap
 * after a collection, less those before, by the number of connections; what the kernel keeps for a
 * socket is not in them. Client and server each need that many descriptors (`ulimit -n`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
  },
});
const count = Number(values.connections);
const warmUp = 200;
const atOnce = 50;
const firstPort = 17_500;
const server = join(import.meta.dirname, 'transport-server.ts');

console.log(`${count} idle connections, bytes each, lowest-highest of ${values.rounds} rounds\n`);
console.log('| tier | resident | of it heap |\n|---|---|---|');
for (const [i, tier] of ['streams', 'onread', 'handle'].entries()) {
  const found: [number, number][] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    found.push(await measure(tier, firstPort + i));
  }
  const range = (at: 0 | 1): string => {
    const all = found.map((pair) => Math.round(pair[at]));
    return `${Math.min(...all)}-${Math.max(...all)}`;
  };
  console.log(`| ${tier} | ${range(0)} | ${range(1)} |`);
}

async function measure(tier: string, port: number): Promise<[number, number]> {
  const given = ['--expose-gc', server, tier, 'now', `${port}`];
  const child = spawn(process.execPath, given, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! });
  try {
    for (const socket of await open(port, warmUp)) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = await ask(child, lines);
    const sockets = await open(port, count);
    const after = await ask(child, lines);
    for (const socket of sockets) socket.destroy();
    if (after[0] - before[0] !== count) throw new Error(`${after[0]} connections, not ${count}`);
    return [(after[1] - before[1]) / count, (after[2] - before[2]) / count];
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

async function ask(
  child: ChildProcess,
  lines: ReturnType<typeof createInterface>,
): Promise<[number, number, number]> {
  child.kill('SIGUSR2');
  const [line] = (await once(lines, 'line')) as [string];
  return line.split(' ').map(Number) as [number, number, number];
}

/** Opens connections, some at a time, and has one request answered on each. */
async function open(port: number, wanted: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const lane = async (): Promise<void> => {
    while (sockets.length < wanted) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      await answered(socket).catch(async () => {
        sockets.splice(sockets.indexOf(socket), 1); // the server is not up yet
        await new Promise((resolve) => setTimeout(resolve, 50));
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return sockets;
}

async function answered(socket: Socket): Promise<void> {
  socket.write('*1\r\n$4\r\nPING\r\n');
  await once(socket, 'data');
}
