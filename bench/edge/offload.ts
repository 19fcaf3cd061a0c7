/**
 * What the tiers keep from the origin: a generated trace asked for at several points of presence with small caches,
 * without a shield behind them, and with some.
 *
 * Counted behind the first part of the trace, which fills the caches; the origin counts what reaches it. Judged: every
 * answer is 200 with the length of its object.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EdgeNetwork, startNetwork } from '../../tests/support/edge/network.ts';
import { Line } from '../http/line.ts';
import { bytesOf, traceOf, type Visit } from './trace.ts';

export const PLACES = 4;
export const CACHE_MIB = 16;
/** How many of them. */
const SHIELDS = [0, 1, 2];
export const VISITS = 30_000;
/** Of the trace. */
const FILLING = 1 / 3;
const LINES_PER_PLACE = 4;

export interface OffloadRow {
  readonly shields: number;
  /** Visits that are counted. */
  readonly visits: number;
  /** Hits at the PoP that the user came to. */
  readonly hits: number;
  /** Requests and bytes of bodies that the origin was asked for. */
  readonly originRequests: number;
  readonly originBytes: number;
  readonly bytes: number;
}

export async function measureOffload(): Promise<OffloadRow[]> {
  const trace = traceOf(VISITS, PLACES);
  const rows: OffloadRow[] = [];
  for (const shields of SHIELDS) rows.push(await measureOne(trace, shields));
  return rows;
}

async function measureOne(trace: readonly Visit[], shields: number): Promise<OffloadRow> {
  let originRequests = 0;
  let originBytes = 0;
  const body = Buffer.alloc(64 * 1024, 'x');
  const origin = createServer((request, response) => {
    const bytes = bytesOf(Number(request.url?.slice('/object-'.length)));
    originRequests++;
    originBytes += bytes;
    response.setHeader('Cache-Control', 'max-age=3600');
    response.setHeader('Content-Length', bytes);
    response.end(body.subarray(0, bytes));
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const { port } = origin.address() as AddressInfo;
  let network: EdgeNetwork | undefined;
  const lines: Line[] = [];
  try {
    const behind = Array.from({ length: shields }, (_, i) => `shield${i}`);
    const names = Array.from({ length: PLACES }, (_, i) => `pop${i}`);
    network = await startNetwork({
      pops: [
        ...names.map((name) => ({ name })),
        ...behind.map((name) => ({ name, shield: true, more: 'capacity: 0' })),
      ],
      edge: `  sites:
    - name: www
      hosts: [www.test]
      origin: { servers: [ { name: one, address: "127.0.0.1:${port}" } ] }
`,
      more: `cache: { memory: ${CACHE_MIB}mb }\n`,
    });
    for (const name of names) {
      const at = network.pop(name).http;
      for (let i = 0; i < LINES_PER_PLACE; i++) lines.push(new Line(at));
    }
    const filling = Math.floor(trace.length * FILLING);
    await ask(lines, trace.slice(0, filling));
    originRequests = 0;
    originBytes = 0;
    const counted = trace.slice(filling);
    const hits = await ask(lines, counted);
    const bytes = counted.reduce((sum, { object }) => sum + bytesOf(object), 0);
    return { shields, visits: counted.length, hits, originRequests, originBytes, bytes };
  } finally {
    for (const line of lines) line.close();
    await network?.stop();
    origin.closeAllConnections();
    origin.close();
  }
}

/** Asks for all of it, each place in its order on its own lines. @returns hits. */
async function ask(lines: readonly Line[], visits: readonly Visit[]): Promise<number> {
  let hits = 0;
  const places = Array.from({ length: PLACES }, (_, place) =>
    visits.filter(({ at }) => at === place).values(),
  );
  await Promise.all(
    lines.map(async (line, i) => {
      // Lines of a place share what it has left.
      for (const { object } of places[Math.floor(i / LINES_PER_PLACE)] ?? []) {
        if (await isHit(line, object)) hits++;
      }
    }),
  );
  return hits;
}

async function isHit(line: Line, object: number): Promise<boolean> {
  const answer = await line.ask(`GET /object-${object} HTTP/1.1\r\nHost: www.test\r\n\r\n`);
  const end = answer.indexOf('\r\n\r\n');
  const length = answer.length - end - 4;
  if (!answer.startsWith('HTTP/1.1 200 ') || length !== bytesOf(object)) {
    throw new Error(`object ${object}: ${answer.slice(0, end)}`);
  }
  // The last that it passed is told last: the PoP of the user.
  return /\r\ncache-status:[^\r]*plinth; hit[^,\r]*\r/i.test(answer.slice(0, end + 2));
}
