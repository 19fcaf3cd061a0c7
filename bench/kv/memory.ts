/**
 * Memory per key, member or element: growth of the resident memory of a fresh server that was filled
 * through one connection, divided by what it was filled with. Nothing is persisted. Before it is filled
 * each server answers WARM_UP commands on one key, so that what a process takes once (compiled code,
 * the young generation of the heap: some 30 MB for Plinth) is not taken for memory of keys.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Filling, fill, keyOf } from './fill.ts';
import { Peer, type PeerName } from './peers.ts';

interface MemoryCase {
  readonly name: string;
  readonly commands: number;
  /** Keys, members or elements that one command adds. */
  readonly units: number;
  readonly command: Filling;
}

export interface MemoryRow {
  readonly name: string;
  readonly count: number;
  /** Bytes per unit. */
  readonly plinth: number;
  readonly redis: number;
}

const VALUE = 'x'.repeat(100);
const WARM_UP = 500_000;
const digits = (index: number): string => String(index).padStart(12, '0');

const string: Filling = (index) => ['SET', keyOf(index), VALUE];

function cases(scale: number): MemoryCase[] {
  const million = Math.round(1_000_000 * scale);
  return [
    {
      name: 'strings, 16-byte keys, 100-byte values',
      commands: million,
      units: 1,
      command: string,
    },
    {
      name: 'strings, 16-byte keys, 100-byte values',
      commands: million * 10,
      units: 1,
      command: string,
    },
    {
      name: 'strings that expire, 16-byte keys, 100-byte values',
      commands: million,
      units: 1,
      command: (index) => [...string(index), 'EX', '86400'],
    },
    {
      name: 'small hashes of 5 fields of 6 and 20 bytes, per hash',
      commands: million,
      units: 1,
      command: (index) => {
        const fields = [1, 2, 3, 4, 5].flatMap((n) => [`field${n}`, `value${n}:${digits(index)}`]);
        return ['HSET', keyOf(index), ...fields];
      },
    },
    {
      name: 'fields of one hash, 18 bytes, 100-byte values',
      commands: million,
      units: 1,
      command: (index) => ['HSET', 'hash', `field:${digits(index)}`, VALUE],
    },
    {
      name: 'members of one sorted set, 19 bytes',
      commands: million,
      units: 1,
      command: (index) => ['ZADD', 'zset', String(scatter(index)), `member:${digits(index)}`],
    },
    {
      name: 'small sorted sets of 10 members of 19 bytes, per member',
      commands: million / 10,
      units: 10,
      command: (index) => {
        const members = Array.from({ length: 10 }, (_, n) => [
          String(scatter(index * 10 + n)),
          `member:${digits(index * 10 + n)}`,
        ]);
        return ['ZADD', keyOf(index), ...members.flat()];
      },
    },
    {
      name: 'members of one set, 19 bytes',
      commands: million,
      units: 1,
      command: (index) => ['SADD', 'set', `member:${digits(index)}`],
    },
    {
      name: 'elements of one list, 100 bytes',
      commands: million,
      units: 1,
      command: (index) => ['RPUSH', 'list', `${digits(index)}${VALUE.slice(12)}`],
    },
    {
      name: 'entries of one stream, one field of 5 and 100 bytes',
      commands: million,
      units: 1,
      command: () => ['XADD', 'stream', '*', 'field', VALUE],
    },
  ];
}

/** Spreads scores, so that members do not come in their order. */
function scatter(index: number): number {
  return Math.imul(index, 0x9e3779b1) >>> 0;
}

export async function measureMemory(
  scale: number,
  tell: (text: string) => void,
): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const each of cases(scale)) {
    const count = each.commands * each.units;
    try {
      const row = {
        name: each.name,
        count,
        plinth: await bytesPerUnit('plinth', each),
        redis: await bytesPerUnit('redis', each),
      };
      rows.push(row);
      tell(
        `${count} ${row.name}: ${row.plinth.toFixed(0)} / ${row.redis.toFixed(0)} bytes, ` +
          `x${(row.plinth / row.redis).toFixed(2)}`,
      );
    } catch (error) {
      tell(`${count} ${each.name}: left out: ${String(error)}`);
    }
  }
  return rows;
}

async function bytesPerUnit(name: PeerName, each: MemoryCase): Promise<number> {
  const peer = await Peer.start(name, 'none');
  try {
    await fill(peer, WARM_UP, () => ['SET', 'warm-up', VALUE]);
    const before = await settledBytes(peer);
    await fill(peer, each.commands, each.command);
    return ((await settledBytes(peer)) - before) / (each.commands * each.units);
  } finally {
    await peer.stop();
  }
}

/** Resident memory once it has stopped changing, or after ten seconds. */
async function settledBytes(peer: Peer): Promise<number> {
  let last = await peer.residentBytes();
  for (let second = 0; second < 10; second++) {
    await sleep(1000);
    const now = await peer.residentBytes();
    if (Math.abs(now - last) < last / 1000) return now;
    last = now;
  }
  return last;
}
