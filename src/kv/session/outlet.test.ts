/** Every client gets its bytes, all and in order, whatever is held, slow, pushed or delivered between. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import type { Connection, EndingReason } from '../../core/downstream/index.ts';
import { type HeldTurn, Outlet } from './outlet.ts';
import { Output } from './output.ts';
import type { Session } from './session.ts';

/** Takes bytes at once or keeps a reference to them until it drains, as `Connection.write` promises. */
class FakeConnection implements Connection {
  readonly id = 1;
  readonly remoteAddress = '';
  readonly remotePort = 0;
  readonly localAddress = '';
  readonly localPort = 0;
  readonly encrypted = false;
  readonly alpn = '';
  readonly serverName = '';
  readonly chunksStay = false;
  useReadBuffer(): void {}
  closing = false;
  ended: EndingReason | undefined;
  /** Whether the kernel takes what it is given. */
  fast = true;
  private readonly received: Buffer[] = [];
  private waiting: Buffer[] = [];

  get bufferedBytes(): number {
    return this.waiting.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  write(bytes: Buffer): boolean {
    if (this.closing || bytes.length === 0) return true;
    const behind = this.waiting.length > 0;
    if (!behind && this.fast) {
      this.received.push(Buffer.from(bytes));
      return true;
    }
    const copied = behind && bytes.length <= 4096;
    this.waiting.push(copied ? Buffer.from(bytes) : bytes);
    return copied;
  }

  writev(list: readonly Buffer[]): boolean {
    return list.map((bytes) => this.write(bytes)).every((free) => free);
  }

  /** The kernel takes all that waits, as the memory is now. */
  drain(): boolean {
    const { waiting } = this;
    this.waiting = [];
    for (const bytes of waiting) this.received.push(Buffer.from(bytes));
    return waiting.length > 0;
  }

  destroy(reason: EndingReason): void {
    this.closing = true;
    this.ended = reason;
  }
  close(reason: EndingReason): void {
    this.destroy(reason);
  }
  peerCertificate(): undefined {}
  pause(): void {}
  resume(): void {}
  shutdown(): void {}
  reset(reason: EndingReason): void {
    this.destroy(reason);
  }
  setIdleTimeout(): void {}
}

/** As much of a session as the outlet looks at. */
class Client {
  readonly connection = new FakeConnection();
  readonly output = new Output(this.connection);
  readonly session = { output: this.output, protocol: 2 } as unknown as Session;
  expected = '';
}

class World {
  readonly outlet = new Outlet();
  readonly clients = [new Client(), new Client(), new Client()];
  private readonly holds: HeldTurn[] = [];
  private written = 0;

  client(index: number): Client {
    return this.clients[index % this.clients.length]!;
  }

  /** Text that is unlike any other, so that lost, doubled and overwritten bytes show. */
  text(bytes: number): string {
    const mark = `<${++this.written}>`;
    return mark.repeat(Math.ceil(bytes / mark.length)).slice(0, bytes);
  }

  /** A batch of commands of one client; `delivered` is served in the middle, `pushed` told of it. */
  batch(of: Client, sizes: readonly number[], delivered: Client, pushed: Client): void {
    const { outlet } = this;
    outlet.begin(of.session);
    for (const size of sizes) {
      const [head, tail] = [this.text(size), this.text(7)];
      outlet.writer.simple(head);
      of.expected += `+${head}\r\n`;
      const own: string[] = [];
      const tell = (): void => {
        const message = this.text(20);
        outlet.push(pushed.session, Buffer.from(message));
        if (pushed === of) own.push(message);
        else if (pushed === delivered) late.push(message);
        else pushed.expected += message;
      };
      let late: string[] = [];
      if (pushed === delivered && pushed !== of) {
        const message = this.text(20);
        outlet.push(pushed.session, Buffer.from(message));
        pushed.expected += message;
      } else tell();
      if (delivered !== of) {
        outlet.deliver(delivered.session, (writer) => {
          const reply = this.text(size % 100);
          tell();
          writer.simple(reply);
          delivered.expected += `+${reply}\r\n${late.join('')}`;
          late = [];
        });
      }
      outlet.writer.simple(tail);
      of.expected += `+${tail}\r\n${own.join('')}`;
      outlet.settle();
    }
    outlet.end();
  }

  hold(): void {
    this.holds.push(this.outlet.hold());
  }

  release(): void {
    const held = this.holds.shift();
    if (held !== undefined) this.outlet.release(held);
  }

  drain(client: Client): void {
    if (client.connection.drain()) this.outlet.drained(client.output);
  }

  /** Lets everything out. */
  finish(): void {
    while (this.holds.length > 0) this.release();
    for (const client of this.clients) client.connection.fast = true;
    do {
      for (const client of this.clients) this.drain(client);
      this.outlet.flush();
    } while (this.clients.some((client) => client.connection.bufferedBytes > 0));
  }
}

const index = fc.nat({ max: 2 });
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 60 }) },
  { weight: 3, arbitrary: fc.integer({ min: 3000, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 150_000 }) },
);
const step = fc.oneof(
  fc.record({
    kind: fc.constant('batch' as const),
    of: index,
    sizes: fc.array(size, { minLength: 1, maxLength: 4 }),
    delivered: index,
    pushed: index,
  }),
  fc.record({ kind: fc.constant('push' as const), of: index, bytes: fc.nat({ max: 9000 }) }),
  fc.record({ kind: fc.constantFrom('flush', 'hold', 'release') }),
  fc.record({ kind: fc.constantFrom('drain', 'fast', 'slow'), of: index }),
);

function play(world: World, at: typeof step extends fc.Arbitrary<infer T> ? T : never): void {
  switch (at.kind) {
    case 'batch': {
      const { of, sizes, delivered, pushed } = at as Extract<typeof at, { sizes: number[] }>;
      world.batch(world.client(of), sizes, world.client(delivered), world.client(pushed));
      return;
    }
    case 'push': {
      const { of, bytes } = at as Extract<typeof at, { bytes: number }>;
      const message = world.text(bytes);
      world.client(of).expected += message;
      world.outlet.push(world.client(of).session, Buffer.from(message));
      return;
    }
    case 'flush':
      world.outlet.flush();
      return;
    case 'hold':
      world.hold();
      return;
    case 'release':
      world.release();
      return;
    default: {
      const { of, kind } = at as { of: number; kind: string };
      const client = world.client(of);
      if (kind === 'drain') world.drain(client);
      else client.connection.fast = kind === 'fast';
    }
  }
}

describe('outlet', () => {
  test('bytes of every client come complete and in order, whatever happens between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new World();
        for (const at of steps) play(world, at);
        world.finish();
        for (const { connection, expected, output } of world.clients) {
          assert.equal(connection.text, expected);
          assert.equal(output.pendingBytes, 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('what a client that is behind has to be sent is handed over before it is closed', () => {
    const world = new World();
    const client = world.client(0);
    client.connection.fast = false;
    for (let turn = 0; turn < 3; turn++) {
      world.batch(client, [8000], client, world.client(1));
      world.outlet.push(client.session, Buffer.from(`push ${turn}`));
      client.expected += `push ${turn}`;
      world.outlet.flush();
    }
    world.outlet.finish(client.output);
    client.connection.drain();
    assert.equal(client.connection.text, client.expected);
  });

  test('what waits for a client that is behind holds no block of memory', () => {
    const { outlet, clients } = new World();
    const slow = clients[0]!;
    slow.connection.fast = false;
    outlet.push(slow.session, Buffer.alloc(10));
    outlet.flush();
    const pinned = pinnedBytes(200, () => {
      outlet.begin(slow.session);
      outlet.writer.integer(1);
      outlet.end();
      outlet.push(slow.session, Buffer.from('message'));
      outlet.flush();
    });
    assert.ok(slow.output.chunks.length >= 400);
    assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
  });

  test('a message for a client whose reply is half written waits for its end', () => {
    const { outlet, clients } = new World();
    const [one, other] = [clients[0]!, clients[1]!];
    outlet.begin(one.session);
    outlet.writer.array(2);
    outlet.push(one.session, Buffer.from('>message'));
    outlet.deliver(other.session, (writer) => {
      outlet.push(one.session, Buffer.from('>second'));
      writer.null();
    });
    outlet.writer.integer(1);
    outlet.writer.integer(2);
    outlet.settle();
    outlet.end();
    outlet.flush();
    assert.equal(one.connection.text, '*2\r\n:1\r\n:2\r\n>message>second');
    assert.equal(other.connection.text, '$-1\r\n');
  });

  test('small pieces for a client that is behind are not kept one by one', () => {
    const world = new World();
    const client = world.client(0);
    client.connection.fast = false;
    for (let turn = 0; turn < 50; turn++) {
      world.batch(client, [1], client, world.client(1));
      world.outlet.flush();
    }
    assert.equal(client.output.chunks.length, 0);
    world.finish();
    assert.equal(client.connection.text, client.expected);
  });

  test('held replies count as unread, and those of a refused client are never sent', () => {
    const world = new World();
    const client = world.client(0);
    world.batch(client, [1000], client, world.client(1));
    const held = world.outlet.hold();
    assert.equal(client.output.pendingBytes, client.expected.length);
    world.outlet.release(held, (output) => output === client.output);
    world.outlet.flush();
    assert.equal(client.connection.ended, 'log-failed');
    assert.equal(client.connection.text, '');
    assert.equal(client.output.pendingBytes, 0);
  });
});
