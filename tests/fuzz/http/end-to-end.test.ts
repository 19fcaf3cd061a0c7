/**
 * Hostile bytes through the whole proxy: what reaches a server is whole requests that llhttp reads without
 * complaint, as many as were forwarded, or one that is visibly cut off.
 *
 * `PLINTH_FUZZ_SEED` replays a seed, `PLINTH_FUZZ_STREAMS` sets the length.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, type Handler } from '../../../src/core/http/index.ts';
import { type Bed, ok, type Peer, withBed } from '../../support/http-bed.ts';
import { Chance } from '../kv/random.ts';
import { cut, makeStream } from './generator.ts';
import { knownMethods, readTheirs } from './llhttp.ts';

const SEED = Number(process.env.PLINTH_FUZZ_SEED ?? 1);
const STREAMS = Number(process.env.PLINTH_FUZZ_STREAMS ?? 600);
const AT_ONCE = 16;

const side = { type: 'request', requestMethod: 'GET' } as const;

/** Methods that llhttp does not know it takes for an error. */
const handler =
  (bed: Bed): Handler =>
  (exchange) => {
    if (knownMethods.has(exchange.request.methodName())) bed.forward(exchange);
    else answer(exchange, { status: 501 });
  };

/** A server that answers what llhttp takes for whole requests. */
function serve(peer: Peer): void {
  let answered = 0;
  peer.socket.on('data', () => {
    const { messages } = readTheirs([peer.received], side);
    const whole = messages.filter(({ complete }) => complete).length;
    for (; answered < whole; answered++) {
      const head = messages[answered]?.method === 'HEAD';
      peer.send(head ? 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n' : ok('fine'));
    }
  });
  peer.socket.on('end', () => peer.socket.end());
}

test(`what reaches a server is requests and nothing else (seed ${SEED})`, async () => {
  const chance = new Chance(SEED);
  const streams: Buffer[][] = [];
  while (streams.length < STREAMS) {
    const { side: made, text } = makeStream(chance);
    if (made.type === 'request') streams.push(cut(text, chance));
  }
  await withBed(serve, { handler }, async (bed) => {
    const run = async (): Promise<void> => {
      for (let pieces = streams.pop(); pieces !== undefined; pieces = streams.pop()) {
        const client = await bed.connect();
        // Byte by byte takes its time; what is cut into many pieces comes in a few reads.
        const step = Math.ceil(pieces.length / 6);
        for (let at = 0; at < pieces.length; at += step) {
          client.send(Buffer.concat(pieces.slice(at, at + step)));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        client.socket.end();
        await client.untilClosed();
        client.socket.destroy();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, run));
    await bed.untilEmpty();
    bed.origin.drain();
    for (const peer of bed.accepted) await peer.untilClosed();
    let whole = 0;
    for (const peer of bed.accepted) {
      const { messages, end } = readTheirs([peer.received], side);
      const shown = JSON.stringify(peer.text);
      assert.ok(end === 'waiting', `${end}: ${shown}`);
      const complete = messages.filter((message) => message.complete).length;
      // Only the last one may be cut off, and then nothing was asked behind it.
      assert.ok(complete >= messages.length - 1, shown);
      for (const { fields } of messages) {
        const names = fields.map(([name]) => name.toLowerCase());
        assert.equal(names.filter((name) => name === 'host').length, 1, shown);
        assert.ok(!names.includes('connection') && !names.includes('upgrade'), shown);
      }
      whole += complete;
    }
    const well = bed.outcomes.filter((outcome) => outcome === 'well').length;
    assert.equal(whole, well);
    assert.ok(well > STREAMS / 10, `only ${well} were forwarded`);
    assert.ok(bed.refused.length > STREAMS / 10, `only ${bed.refused.length} were refused`);
    assert.deepEqual([...new Set(bed.outcomes)].sort(), ['abandoned', 'well']);
  });
});
