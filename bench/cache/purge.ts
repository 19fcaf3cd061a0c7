/**
 * How long a purge by a tag that all stored objects have takes, and what it does to other requests meanwhile.
 *
 * Beside it one client asks for something else without a pause: the longest of its waits is the stall. Judged: what
 * was purged is fetched anew afterwards, and what it does not name is still a hit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Line } from '../http/line.ts';
import { startCaches } from './caches.ts';
import { fillCache } from './fill.ts';

export const PURGE_MS_MAX = 50;
export const STALL_MS_MAX = 5;

export interface PurgeRow {
  readonly objects: number;
  /** Until the answer. */
  readonly purgeMs: number;
  /** Longest wait of another request while it was answered and half a second behind it. */
  readonly stallMs: number;
  /** The same without a purge. */
  readonly quietStallMs: number;
}

const AFTER_MS = 500;

export async function measurePurge(objects: number): Promise<PurgeRow> {
  const bed = await startCaches({ door: 'http', large: false, only: ['Plinth'] });
  const port = bed.caches[0]?.port as number;
  const lines: Line[] = [];
  try {
    await fillCache(port, objects);
    const probe = new Line(port);
    const door = new Line(port);
    lines.push(probe, door);
    await probe.ask(GET_ONE);
    const quietStallMs = await longest(probe, sleep(AFTER_MS));
    let purgeMs = 0;
    const stallMs = await longest(
      probe,
      (async (): Promise<void> => {
        const from = performance.now();
        const answer = await door.ask(
          'PURGE / HTTP/1.1\r\nHost: bench.example\r\nSurrogate-Key: all\r\n\r\n',
        );
        purgeMs = performance.now() - from;
        if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(answer);
        await sleep(AFTER_MS);
      })(),
    );
    for (const each of [0, objects >> 1, objects - 1]) {
      const answer = await door.ask(`GET /each/${each} HTTP/1.1\r\nHost: bench.example\r\n\r\n`);
      if (!/cache-status: .*fwd=/i.test(answer))
        throw new Error(`still stored: ${answer.slice(0, 400)}`);
    }
    const kept = await door.ask(GET_ONE);
    if (!/cache-status: .*hit/i.test(kept))
      throw new Error(`purged as well: ${kept.slice(0, 400)}`);
    return { objects, purgeMs, stallMs, quietStallMs };
  } finally {
    for (const line of lines) line.close();
    await bed.stop();
  }
}

const GET_ONE = 'GET /one HTTP/1.1\r\nHost: bench.example\r\n\r\n';

/** Asks without a pause until something is over. @returns the longest wait, milliseconds. */
async function longest(probe: Line, until: Promise<void>): Promise<number> {
  let isOver = false;
  const over = until.finally(() => {
    isOver = true;
  });
  let most = 0;
  while (!isOver) {
    const from = performance.now();
    await probe.ask(GET_ONE);
    most = Math.max(most, performance.now() - from);
  }
  await over;
  return most;
}
