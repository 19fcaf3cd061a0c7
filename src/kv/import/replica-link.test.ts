import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type LinkEvents, type LinkOptions, ReplicaLink } from './replica-link.ts';

const MARK = 'f'.repeat(20) + '0'.repeat(20);

/** A link and everything that it told. */
class World {
  readonly link: ReplicaLink;
  sent = '';
  snapshot = '';
  stream = '';
  readonly told: string[] = [];

  constructor(options: Partial<LinkOptions> = {}) {
    const events: LinkEvents = {
      send: (bytes) => {
        this.sent += bytes.toString('latin1');
      },
      onFull: (id, offset) => this.told.push(`full ${id} ${offset}`),
      onContinued: (id) => this.told.push(`continued ${id}`),
      onSnapshotBegin: (bytes) => this.told.push(`snapshot ${bytes}`),
      onSnapshot: (chunk) => {
        this.snapshot += chunk.toString('latin1');
      },
      onSnapshotEnd: () => this.told.push('end'),
      onStream: (chunk) => {
        this.stream += chunk.toString('latin1');
      },
      onFault: (code, text, tryLater) => this.told.push(`${code} ${tryLater} ${text}`),
    };
    this.link = new ReplicaLink({ resume: null, ...options }, events);
    this.link.begin();
  }

  /** Gives bytes cut at these places. */
  give(text: string, cuts: readonly number[] = []): this {
    const bytes = Buffer.from(text, 'latin1');
    let from = 0;
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      const to = Math.min(cut, bytes.length);
      // A copy each time: what was told of the chunk before may be gone.
      if (to > from) this.link.push(Buffer.from(bytes.subarray(from, to)));
      from = Math.max(from, to);
    }
    this.link.push(Buffer.from(bytes.subarray(from)));
    return this;
  }
}

const HELLO = '+PONG\r\n+OK\r\n+OK\r\n';
const cutsOf = fc.array(fc.nat(400), { maxLength: 60 });

describe('replica link', () => {
  test('asks in order and takes a sized snapshot, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(cutsOf, fc.stringMatching(/^[a-z\r\n$+]{1,80}$/), (cuts, body) => {
        const world = new World({ user: 'u', password: 'p' });
        const text = `+OK\r\n${HELLO}\n\n+FULLRESYNC id1 42\r\n\n\n$${body.length}\r\n${body}*1\r\n$4\r\nPING\r\n`;
        world.give(text, cuts);
        assert.equal(world.snapshot, body);
        assert.equal(world.stream, '*1\r\n$4\r\nPING\r\n');
        assert.deepEqual(world.told, ['full id1 42', `snapshot ${body.length}`, 'end']);
        assert.match(
          world.sent,
          /AUTH.*u.*p.*PING.*REPLCONF.*listening-port.*REPLCONF.*capa.*eof.*capa.*psync2.*PSYNC.*\?.*-1/s,
        );
      }),
    );
  });

  test('finds the end of a marked snapshot, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(cutsOf, fc.stringMatching(/^[f0]{0,120}$/), (cuts, noise) => {
        const body = `REDIS${noise}x`;
        const world = new World();
        world.give(`${HELLO}+FULLRESYNC id 7\r\n$EOF:${MARK}\r\n${body}${MARK}behind`, cuts);
        assert.equal(world.snapshot, body);
        assert.equal(world.stream, 'behind');
        assert.deepEqual(world.told, ['full id 7', 'snapshot null', 'end']);
      }),
    );
  });

  test('goes on where it stopped, and learns the new id of the stream', () => {
    const resume = { id: 'old', nextOffset: 100 };
    const world = new World({ resume }).give(`${HELLO}+CONTINUE new\r\nbytes`);
    assert.deepEqual([world.told, world.stream], [['continued new'], 'bytes']);
    assert.match(world.sent, /PSYNC\r\n\$3\r\nold\r\n\$3\r\n100/);
    assert.deepEqual(new World({ resume }).give(`${HELLO}+CONTINUE\r\n`).told, ['continued null']);
  });

  test('a continuation that nobody asked for is a fault', () => {
    assert.match(new World().give(`${HELLO}+CONTINUE\r\n`).told.join(), /^not-a-source false/);
  });

  test('a master that is too old for REPLCONF is asked all the same', () => {
    const world = new World().give('+PONG\r\n-ERR unknown command\r\n-ERR unknown command\r\n');
    assert.match(world.sent, /PSYNC/);
    assert.deepEqual(world.told, []);
  });

  for (const [what, text, code] of [
    ['no password given', '-NOAUTH Authentication required.\r\n', 'auth-refused false'],
    ['no right', `${HELLO}-NOPERM this user has no permissions\r\n`, 'not-permitted false'],
    ['loading', '-LOADING Redis is loading\r\n', 'source-busy true'],
    ['a replica without its master', `${HELLO}-NOMASTERLINK Can't SYNC\r\n`, 'source-busy true'],
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n', 'not-a-source false'],
    ['PSYNC unknown', `${HELLO}-ERR unknown command\r\n`, 'not-a-source false'],
    ['a bad offset', `${HELLO}+FULLRESYNC id x\r\n`, 'not-a-source false'],
    ['a bad length', `${HELLO}+FULLRESYNC id 1\r\n$-5\r\n`, 'not-a-source false'],
    ['a short mark', `${HELLO}+FULLRESYNC id 1\r\n$EOF:abc\r\n`, 'not-a-source false'],
    ['a snapshot refused', `${HELLO}+FULLRESYNC id 1\r\n-ERR no space\r\n`, 'not-a-source false'],
    ['a line without an end', 'x'.repeat(70_000), 'not-a-source false'],
  ] as const) {
    test(`${what} ends the link, and nothing is told afterwards`, () => {
      const world = new World().give(`${text}+OK\r\n$3\r\nabc`);
      const fault = world.told.at(-1) ?? '';
      assert.ok(fault.startsWith(code), fault);
      assert.equal(world.snapshot + world.stream, '');
      assert.equal(world.link.state, 'ended');
    });
  }

  test('a refused password is named so', () => {
    const world = new World({ password: 'p' }).give(
      '-WRONGPASS invalid username-password pair\r\n',
    );
    assert.match(world.told.join(), /^auth-refused false .*WRONGPASS.*to AUTH/);
  });
});
