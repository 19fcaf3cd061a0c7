/**
 * How long a purge by tag takes until all points of presence of a network on this machine have confirmed it: from the
 * call at one of them to the receipt, as its caller sees it.
 *
 * Judged: each receipt names all PoPs as confirmed, and behind the last purge none of them serves what it had stored.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EdgeNetwork, startNetwork } from '../../tests/support/edge/network.ts';
import { Line } from '../http/line.ts';

/** The target of the specification, for POPS of them; nothing is injected between them. */
export const PURGE_MS_MAX = 10;
const POPS = 10;
const PURGES = 50;
/** Before what is measured: code is compiled by then. */
const WARM = 20;
const TOKEN = 'a-token-of-the-bench-network';
const PAGES = 20;

export interface PurgeFigures {
  readonly pops: number;
  /** From the call to the receipt, milliseconds, in rising order. */
  readonly callMs: readonly number[];
  /** From the order to the receipt, as the coordinator says. */
  readonly orderMs: readonly number[];
}

export async function measurePurge(): Promise<PurgeFigures> {
  let version = 'old';
  const origin = createServer((request, response) => {
    response.setHeader('Cache-Control', 'max-age=3600');
    response.setHeader('Cache-Tag', `page, ${request.url?.slice(1)}`);
    response.end(version.padEnd(1024, '.'));
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  let network: EdgeNetwork | undefined;
  const lines: Line[] = [];
  try {
    network = await startNetwork({
      pops: Array.from({ length: POPS }, (_, i) => ({ name: `pop${i}`, shield: i === 0 })),
      edge: `  sites:
    - name: www
      hosts: [www.test]
      origin: { servers: [ { name: one, address: "127.0.0.1:${(origin.address() as AddressInfo).port}" } ] }
`,
      more: `admin: { token: ${TOKEN} }\ncache: { memory: 16mb, purge: { per_second: 0 } }\n`,
    });
    const users = [...network.pops.values()].map(({ http }) => new Line(http));
    // Not the one that orders purges, so that the call has the whole way.
    const door = new Line(network.pop(`pop${POPS - 1}`).admin);
    lines.push(...users, door);
    const callMs: number[] = [];
    const orderMs: number[] = [];
    for (let i = -WARM; i < PURGES; i++) {
      for (const user of users) await user.ask(get(`page-${(i + WARM) % PAGES}`));
      version = `${i}`;
      const body = JSON.stringify({ tag: ['page'] });
      const fields = `Host: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json`;
      const from = performance.now();
      const answer = await door.ask(
        `POST /systems/edge/purge HTTP/1.1\r\n${fields}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const took = performance.now() - from;
      const ordered = confirmedMs(answer);
      if (i < 0) continue;
      callMs.push(took);
      orderMs.push(ordered);
    }
    for (const user of users) {
      const answer = await user.ask(get('page-0'));
      if (answer.includes(`\r\n\r\n${version}.`)) continue;
      throw new Error(`it should be version ${version}:\n${answer}`);
    }
    const sorted = (list: readonly number[]): number[] => list.toSorted((a, b) => a - b);
    return { pops: POPS, callMs: sorted(callMs), orderMs: sorted(orderMs) };
  } finally {
    for (const line of lines) line.close();
    await network?.stop();
    origin.closeAllConnections();
    origin.close();
  }
}

const get = (name: string): string => `GET /${name} HTTP/1.1\r\nHost: www.test\r\n\r\n`;

/** What the coordinator says; throws unless all have confirmed. */
function confirmedMs(answer: string): number {
  const { receipt } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as {
    receipt?: { ms: number; pops: { pop: string; state: string }[] };
  };
  if (receipt?.pops.length !== POPS || receipt.pops.some(({ state }) => state !== 'confirmed')) {
    throw new Error(`not all have confirmed:\n${answer}`);
  }
  return receipt.ms;
}
