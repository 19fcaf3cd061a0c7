/**
 * Messages of chance through the proxy: every size and framing, cut anywhere, with slow writers and slow readers.
 * Bodies arrive whole and in order both ways, and nothing is left behind.
 */
import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { Bed } from '../../../tests/support/http-bed.ts';
import type { TransportTier } from '../runtime/index.ts';

/** One message body: how long, how it is framed, how it is cut and how it is read. */
interface BodyPlan {
  readonly bytes: number;
  readonly framing: 'length' | 'chunked' | 'close';
  /** Pieces it is written in. */
  readonly pieces: number;
  /** The writer waits between pieces, the reader between reads. */
  readonly slowWriter: boolean;
  readonly slowReader: boolean;
}

interface Plan {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly up: BodyPlan;
  readonly down: BodyPlan;
  /** The server answers before it has read the body. */
  readonly atOnce: boolean;
}

const sizes = [0, 1, 100, 4095, 16_383, 16_385, 65_535, 65_536, 131_073, 262_145, 700_000];
const bodies = (framings: readonly BodyPlan['framing'][]): fc.Arbitrary<BodyPlan> =>
  fc.record({
    bytes: fc.constantFrom(...sizes),
    framing: fc.constantFrom(...framings),
    pieces: fc.integer({ min: 1, max: 6 }),
    slowWriter: fc.boolean(),
    slowReader: fc.boolean(),
  });
const plans: fc.Arbitrary<Plan> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  up: bodies(['length', 'chunked']),
  down: bodies(['length', 'chunked', 'close']),
  atOnce: fc.boolean(),
});

/** Bytes that tell their place. */
const bytes = Buffer.alloc(1_000_003);
for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff;
const bodyOf = (length: number, shift: number): Buffer => bytes.subarray(shift, shift + length);
const hashOf = (body: Buffer): string => createHash('sha1').update(body).digest('hex');
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function write(
  to: NodeJS.WritableStream,
  body: Buffer,
  { pieces, slowWriter }: BodyPlan,
): Promise<void> {
  const step = Math.ceil(body.length / pieces);
  for (let at = 0; at < body.length; at += step) {
    if (!to.write(body.subarray(at, at + step))) await once(to, 'drain');
    if (slowWriter) await aMoment();
  }
}

async function read(from: IncomingMessage, slow: boolean): Promise<string> {
  const hash: Hash = createHash('sha1');
  for await (const chunk of from) {
    hash.update(chunk as Buffer);
    if (slow) await aMoment();
  }
  return hash.digest('hex');
}

async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const plan = JSON.parse(message.headers['x-plan'] as string) as Plan;
  const body = bodyOf(plan.down.bytes, 7);
  const upload = read(message, plan.up.slowReader);
  if (!plan.atOnce) response.setHeader('X-Hash', await upload);
  if (plan.down.framing === 'length') response.setHeader('Content-Length', body.length);
  if (plan.down.framing === 'close') {
    response.useChunkedEncodingByDefault = false;
    response.setHeader('Connection', 'close');
  }
  if (plan.down.framing === 'chunked') response.setHeader('Trailer', 'X-Hash-After');
  // A response that is whole before its request would end that.
  await write(response, body.subarray(0, -1), plan.down);
  const hash = await upload;
  response.write(body.subarray(-1));
  if (plan.down.framing === 'chunked') response.addTrailers({ 'X-Hash-After': hash });
  response.end();
}

async function ask(port: number, agent: Agent, plan: Plan): Promise<void> {
  const body = bodyOf(plan.method === 'GET' ? 0 : plan.up.bytes, 3);
  const framing =
    plan.method === 'GET' || plan.up.framing === 'length'
      ? { 'Content-Length': body.length }
      : { 'Transfer-Encoding': 'chunked' };
  const message = request({
    ...{ port, agent, method: plan.method, host: '127.0.0.1' },
    headers: { 'X-Plan': JSON.stringify(plan), ...framing },
  });
  const written = write(message, body, plan.up).then(() => message.end());
  const [response] = (await once(message, 'response')) as [IncomingMessage];
  const hash = await read(response, plan.down.slowReader);
  await written;
  assert.equal(response.statusCode, 200);
  assert.equal(hash, hashOf(bodyOf(plan.down.bytes, 7)), 'the response');
  if (!plan.atOnce) assert.equal(response.headers['x-hash'], hashOf(body), 'the request');
  if (plan.down.framing === 'chunked') {
    assert.equal(response.trailers['x-hash-after'], hashOf(body), 'the request, in the trailers');
  }
}

const server = createServer((message, response) => void serve(message, response));
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => {
  server.closeAllConnections();
  server.close();
});

for (const tier of ['handle', 'streams'] satisfies TransportTier[]) {
  test(`bodies of chance arrive whole both ways, on the tier ${tier}`, async () => {
    const { port } = server.address() as AddressInfo;
    const bed = await Bed.open(() => {}, { tier, port });
    const agent = new Agent({ keepAlive: true, maxSockets: 6 });
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(plans, { minLength: 1, maxLength: 12 }), async (list) => {
          await Promise.all(list.map((plan) => ask(bed.port, agent, plan)));
        }),
        { numRuns: tier === 'handle' ? 25 : 10, endOnFailure: true },
      );
      agent.destroy();
      await bed.untilEmpty();
      assert.ok(bed.endings.every((ending) => ending === '200 complete'));
    } finally {
      agent.destroy();
      await bed.close();
    }
  });
}
