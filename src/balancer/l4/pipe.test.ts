import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pipe, type PipeSource, type PipeTarget } from './pipe.ts';

/** Reads of all sources land here, as in the real one, and each read spoils what was there before. */
const shared = Buffer.alloc(131_072);

class Source implements PipeSource {
  paused = false;
  own: Buffer | null = null;
  resumes = 0;

  get chunksStay(): boolean {
    return this.own !== null;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
    this.resumes++;
  }
  useReadBuffer(buffer: Buffer | null): void {
    this.own = buffer;
  }
  /** A read: spoils the memory, then brings `bytes` in it. */
  read(pipe: Pipe, bytes: Buffer): void {
    shared.fill(0xee);
    const landing = this.own ?? shared;
    landing.fill(0xee);
    bytes.copy(landing);
    pipe.data(landing.subarray(0, bytes.length));
  }
}

/** Takes at once what it has room for and looks at the rest only when it drains, as the kernel does. */
class Target implements PipeTarget {
  readonly taken: Buffer[] = [];
  room = 0;
  private held: Buffer | null = null;

  get bufferedBytes(): number {
    return this.held?.length ?? 0;
  }
  write(bytes: Buffer): boolean {
    assert.equal(this.held, null, 'written to although it had not drained');
    const now = Math.min(this.room, bytes.length);
    this.room -= now;
    this.taken.push(Buffer.from(bytes.subarray(0, now)));
    if (now === bytes.length) return true;
    this.held = bytes.subarray(now);
    return false;
  }
  drain(pipe: Pipe): void {
    if (this.held === null) return;
    this.taken.push(Buffer.from(this.held));
    this.held = null;
    pipe.drained();
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      length: fc.oneof(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 16_000, max: 40_000 }),
        fc.integer({ min: 40_000, max: 131_072 }),
      ),
      room: fc.constantFrom(0, 1, 1000, 20_000, 1_000_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drain' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rest' as const) }) },
);

test('two pipes at any steps: no byte changes while it waits, none is lost, all memory comes back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1), step), { maxLength: 60 }), (steps) => {
      const sides = [0, 1].map(() => {
        const [source, target] = [new Source(), new Target()];
        return { source, target, pipe: new Pipe(source, target), sent: [] as Buffer[] };
      });
      let fill = 0;
      for (const [which, one] of steps) {
        const { source, target, pipe, sent } = sides[which]!;
        if (one.kind === 'drain') target.drain(pipe);
        else if (one.kind === 'rest') pipe.rest();
        else if (!source.paused) {
          const bytes = Buffer.alloc(one.length, ++fill % 200);
          sent.push(bytes);
          target.room = one.room;
          source.read(pipe, bytes);
          assert.equal(source.paused, target.bufferedBytes > 0);
        }
      }
      for (const { source, target, pipe, sent } of sides) {
        target.drain(pipe);
        assert.equal(source.paused, false);
        pipe.end();
        pipe.close();
        assert.equal(source.own, null);
        assert.ok(Buffer.concat(target.taken).equals(Buffer.concat(sent)));
        assert.equal(
          pipe.bytes,
          sent.reduce((sum, { length }) => sum + length, 0),
        );
      }
    }),
    { numRuns: 200 },
  );
});

test('bulk reads into memory of its own and leaves it when it is over', () => {
  const [source, target] = [new Source(), new Target()];
  const pipe = new Pipe(source, target);
  target.room = Number.POSITIVE_INFINITY;
  source.read(pipe, Buffer.alloc(1000));
  assert.equal(source.own, null);
  source.read(pipe, Buffer.alloc(100_000));
  const { own } = source;
  assert.ok(own !== null);
  source.read(pipe, Buffer.alloc(200_000));
  assert.equal(source.own, own);
  for (let i = 0; i < 20; i++) source.read(pipe, Buffer.alloc(i === 10 ? 20_000 : 1000));
  assert.equal(source.own, own, 'a small read in between says nothing');
  for (let i = 0; i < 20; i++) source.read(pipe, Buffer.alloc(1000));
  assert.equal(source.own, null);
  source.read(pipe, Buffer.alloc(100_000));
  pipe.rest();
  assert.equal(source.own, null, 'a rest gives it back too');
});

test('what came before there was a target goes first; the source is read when it has gone', () => {
  const [source, target] = [new Source(), new Target()];
  const pipe = new Pipe(source, target);
  source.pause();
  pipe.begin(Buffer.from('early'), true);
  assert.equal(source.paused, true);
  target.drain(pipe);
  assert.equal(source.paused, false);
  assert.equal(String(Buffer.concat(target.taken)), 'early');
  pipe.begin(null, true);
  assert.equal(source.resumes, 2);
});
