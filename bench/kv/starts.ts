/**
 * How long a server with many keys takes until it answers, after a clean stop and after kill -9.
 * Strings of 100 bytes with keys of 16, written with fsync every second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { textOf } from '../../tests/support/resp-reply.ts';
import { fill, keyOf } from './fill.ts';
import { median } from './machine.ts';
import { Peer, type PeerName } from './peers.ts';

export interface StartRow {
  readonly name: string;
  readonly keys: number;
  /** Milliseconds from the start of the process to PONG. */
  readonly plinth: number;
  readonly redis: number;
}

interface Starts {
  readonly clean: number;
  readonly killed: number;
}

const VALUE = 'x'.repeat(100);

export async function measureStarts(
  scale: number,
  rounds: number,
  tell: (text: string) => void,
): Promise<StartRow[]> {
  const rows: StartRow[] = [];
  for (const keys of [1_000_000 * scale, 10_000_000 * scale]) {
    const plinth = await startsOf('plinth', keys, rounds);
    const redis = await startsOf('redis', keys, rounds);
    for (const kind of ['clean', 'killed'] as const) {
      const name = kind === 'clean' ? 'after a clean stop' : 'after kill -9';
      rows.push({ name, keys, plinth: plinth[kind], redis: redis[kind] });
      tell(`${keys} keys, ${name}: ${plinth[kind].toFixed(0)} / ${redis[kind].toFixed(0)} ms`);
    }
  }
  return rows;
}

async function startsOf(name: PeerName, keys: number, rounds: number): Promise<Starts> {
  const peer = await Peer.start(name, 'everysec');
  const clean: number[] = [];
  const killed: number[] = [];
  try {
    await fill(peer, keys, (index) => ['SET', keyOf(index), VALUE]);
    // The last second of writes is not safe yet; after this nothing may be missing.
    await sleep(2500);
    // First killed: a clean stop may leave less to be done at the starts after it.
    for (let round = 0; round < rounds; round++) {
      await peer.kill9();
      killed.push(await startedWith(peer, keys));
    }
    for (let round = 0; round < rounds; round++) {
      await peer.terminate();
      clean.push(await startedWith(peer, keys));
    }
    return { clean: median(clean), killed: median(killed) };
  } finally {
    await peer.stop();
  }
}

/** Starts the server again and makes sure that it has its keys. */
async function startedWith(peer: Peer, keys: number): Promise<number> {
  const ms = await peer.launch();
  const client = await peer.connect();
  const reply = await client.must('DBSIZE');
  client.close();
  const found = Number(textOf(reply));
  if (found !== keys) throw new Error(`${peer.name} came back with ${found} of ${keys} keys`);
  return ms;
}
