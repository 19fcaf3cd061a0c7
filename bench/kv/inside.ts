/**
 * Processor time of the store without sockets and without a load generator, for finding where it goes:
 *
 *     node [--cpu-prof] bench/kv/inside.ts [name,name] [rounds]
 *
 * Requests of 16 commands are handed to a client's `onData` as a connection would, then the turn is
 * ended. Prints nanoseconds a command: the smallest and the median round. Nothing is logged.
 */
import type { Connection } from '../../src/core/downstream/index.ts';
import { createNodeClock, createNodeRandom } from '../../src/core/runtime/node/index.ts';
import { commandSpecs } from '../../src/kv/commands/index.ts';
import { Engine } from '../../src/kv/engine/engine.ts';
import { Client } from '../../src/kv/server/client.ts';
import { KvServer } from '../../src/kv/server/server.ts';
import { COMMANDS, RANGE } from './commands.ts';
import { median } from './machine.ts';

const PIPELINE = 16;
/** Different requests that are prepared; sent in turn. */
const BATCHES = 4096;
const ROUND_COMMANDS = BATCHES * PIPELINE * 4;

const names = (process.argv[2] ?? '').toLowerCase();
const rounds = Number(process.argv[3] ?? 7);
const value = 'x'.repeat(100);

class Sink implements Connection {
  readonly id = 1;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 2;
  readonly encrypted = false;
  readonly alpn = '';
  readonly serverName = '';
  readonly chunksStay = false;
  useReadBuffer(): void {}
  readonly bufferedBytes = 0;
  readonly closing = false;
  peerCertificate(): undefined {
    return undefined;
  }
  write(bytes: Buffer): boolean {
    if (bytes[0] === MINUS) throw new Error(bytes.toString('latin1', 0, 200));
    return true;
  }
  writev(): boolean {
    return true;
  }
  pause(): void {}
  resume(): void {}
  close(): void {}
  destroy(): void {}
  shutdown(): void {}
  reset(): void {}
  setIdleTimeout(): void {}
}

const MINUS = 45;

let turn: (() => void) | undefined;
const engine = new Engine({
  commands: commandSpecs,
  clock: {
    ...createNodeClock(),
    nextTurn: (run) => {
      turn = run;
    },
  },
  random: createNodeRandom(),
});
const server = new KvServer(engine, {
  argsMax: 1_000_000,
  bulkBytesMax: 512 * 1024 * 1024,
  lineBytesMax: 65_536,
});
const client = new Client(server, new Sink());

let state = 1;
function randomDigits(): string {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return String(state % RANGE).padStart(12, '0');
}

function batches(args: readonly string[]): Buffer[] {
  return Array.from({ length: BATCHES }, () => {
    let text = '';
    for (let i = 0; i < PIPELINE; i++) {
      text += `*${args.length}\r\n`;
      for (const arg of args) {
        const sent = arg.replace('__rand_int__', randomDigits);
        text += `$${sent.length}\r\n${sent}\r\n`;
      }
    }
    return Buffer.from(text, 'latin1');
  });
}

// As a connection does, all requests come in the one buffer that is read into.
const readBuffer = Buffer.allocUnsafeSlow(128 * 1024);

function send(list: readonly Buffer[], commands: number): void {
  for (let sent = 0, index = 0; sent < commands; sent += PIPELINE, index++) {
    const batch = list[index % BATCHES]!;
    batch.copy(readBuffer);
    client.onData(readBuffer.subarray(0, batch.length));
    const end = turn;
    turn = undefined;
    end?.();
  }
}

for (const command of COMMANDS) {
  const name = command.name.split(' ')[0]!.toLowerCase();
  if (names !== '' && !names.split(',').includes(name)) continue;
  send(batches(['FLUSHALL', 'SYNC']), PIPELINE);
  if (command.prepare !== undefined) send(batches(command.prepare(value)), 3 * RANGE);
  const list = batches(command.args(value));
  const refill = command.refill === undefined ? undefined : batches(command.refill(value));
  const size = Math.round(ROUND_COMMANDS / (command.cost ?? 1));
  const times: number[] = [];
  for (let round = -2; round < rounds; round++) {
    if (refill !== undefined) send(refill, size);
    const before = process.cpuUsage();
    send(list, size);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) times.push(((user + system) * 1000) / size);
  }
  console.log(
    `${command.name.padEnd(14)}${Math.min(...times).toFixed(0)} ns, median ${median(times).toFixed(0)}`,
  );
}
