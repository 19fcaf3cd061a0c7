/**
 * Whether what was written last is what is read, once it has left memory: the danger of a tier is an old
 * value that comes back from disk.
 */
import { fill, keyOf } from '../kv/fill.ts';
import type { TierServer } from './tier-server.ts';
import { storedValue } from './values.ts';
import { spread } from './zipf.ts';

const WRITES_MAX = 20_000;
const BATCH = 500;
const LOAD_SECONDS = 2;
/** Above every version that a load writes. */
const VERSIONS_FROM = 4_000_000_000;
const VERSIONS = 3;

interface CheckOptions {
  readonly keys: number;
  readonly valueBytes: number;
}

/**
 * Writes some keys again and again, each time after a load has driven them out, and compares all.
 * @returns how many values were compared. Throws at the first that is not the last one written.
 */
export async function checkWrites(
  server: TierServer,
  { keys, valueBytes }: CheckOptions,
  runLoad: (seconds: number) => Promise<unknown>,
): Promise<number> {
  const count = Math.min(WRITES_MAX, keys);
  const place = spread(keys);
  for (let version = VERSIONS_FROM; version < VERSIONS_FROM + VERSIONS; version++) {
    await fill(server, count, (i) => [
      'SET',
      keyOf(place(i)),
      storedValue(place(i), version, valueBytes),
    ]);
    await server.settle();
    await runLoad(LOAD_SECONDS);
    await compareKeys(server, count, (i) => {
      const index = place(i);
      return { key: keyOf(index), value: storedValue(index, version, valueBytes) };
    });
  }
  return count * VERSIONS;
}

/** Reads `count` keys and throws at the first whose value is another. */
export async function compareKeys(
  server: TierServer,
  count: number,
  wanted: (i: number) => { readonly key: string; readonly value: string },
): Promise<void> {
  const client = await server.connect();
  try {
    for (let at = 0; at < count; at += BATCH) {
      const some = Array.from({ length: Math.min(BATCH, count - at) }, (_, i) => wanted(at + i));
      const replies = await client.pipeline(some.map(({ key }) => ['GET', key]));
      for (const [i, { key, value }] of some.entries()) {
        const reply = replies[i]!;
        const met = 'text' in reply && reply.type === 'bulk' ? reply.text : reply.type;
        if (met !== value) {
          throw new Error(
            `${server.name}: ${key} is ${met.slice(0, 80)}, not ${value.slice(0, 80)}`,
          );
        }
      }
    }
  } finally {
    client.close();
  }
}
