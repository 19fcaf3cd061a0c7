import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeCommand } from '../../core/wire/index.ts';
import { RdbFileWriter } from '../rdb/index.ts';
import { ImportError } from './errors.ts';
import { IN_FLIGHT_BYTES_MAX, TRY_LATER_MAX } from './limits.ts';
import { LiveImport } from './live-import.ts';
import { FakeNetwork, type FakeStream, HastyClock } from './testing/fake-server.ts';

const SOURCE = 1;
const TARGET = 2;
const START = 500;

function snapshot(keys: number, bytes: number): Buffer {
  const chunks: Buffer[] = [];
  const writer = new RdbFileWriter((chunk) => chunks.push(chunk), { compress: false });
  for (let i = 0; i < keys; i++) {
    writer.beginKey(Buffer.from(`k${i}`)).onString(Buffer.alloc(bytes, 'v'));
    writer.endKey();
  }
  writer.end();
  return Buffer.concat(chunks);
}

/** A source that gives this snapshot, and a target that says OK to everything. */
class World {
  readonly network = new FakeNetwork();
  /** What the target was sent, by its first words. */
  readonly got: string[] = [];
  /** Answers that are given when the target may speak again. */
  silent = false;
  private readonly owed: (() => void)[] = [];
  /** The replica's end at the source. */
  replica: FakeStream | null = null;
  refusals: string[] = [];
  offset = START;
  acknowledged = 0;
  psync: string[] = [];
  private readonly file: Buffer;

  constructor(file: Buffer) {
    this.file = file;
    this.network.serve(SOURCE, (words, stream) => this.source(words, stream));
    this.network.serve(TARGET, (words, stream) => this.target(words, stream));
  }

  async open(): Promise<LiveImport> {
    const live = await LiveImport.open({
      dial: this.network.dial,
      clock: new HastyClock(),
      source: { address: { host: 'h', port: SOURCE } },
      target: { address: { host: 'h', port: TARGET } },
      replace: false,
    });
    this.got.length = 0;
    return live;
  }

  /** The source runs a command. */
  write(...words: string[]): void {
    const bytes = encodeCommand(words);
    this.offset += bytes.length;
    this.replica?.say(bytes);
  }

  speak(): void {
    this.silent = false;
    for (const answer of this.owed.splice(0)) answer();
  }

  private source(words: string[], stream: FakeStream): void {
    switch (words[0]) {
      case 'PING':
        stream.say('+PONG\r\n');
        return;
      case 'INFO': {
        const text = `master_repl_offset:${this.offset}\r\n`;
        stream.say(`$${text.length}\r\n${text}\r\n`);
        return;
      }
      case 'REPLCONF':
        if (words[1] === 'ACK') this.acknowledged = Number(words[2]);
        else stream.say('+OK\r\n');
        return;
      case 'PSYNC': {
        this.psync.push(words.slice(1).join(' '));
        this.replica = stream;
        const refusal = this.refusals.shift();
        if (refusal !== undefined) stream.say(`${refusal}\r\n`);
        else {
          stream.say(`+FULLRESYNC id ${START}\r\n$${this.file.length}\r\n`);
          for (let at = 0; at < this.file.length; at += 65_536) {
            stream.say(this.file.subarray(at, at + 65_536));
          }
        }
        return;
      }
      default:
        stream.say('+OK\r\n');
    }
  }

  private target(words: string[], stream: FakeStream): void {
    this.got.push(words.slice(0, 2).join(' '));
    const answer = (): void => {
      if (words[0] === 'INFO') stream.say('$0\r\n\r\n');
      else if (words[0] === 'DBSIZE') stream.say(':1\r\n');
      else stream.say('+OK\r\n');
    };
    if (this.silent) this.owed.push(answer);
    else answer();
  }
}

async function until(what: () => boolean): Promise<void> {
  for (let turn = 0; turn < 50_000 && !what(); turn++) await new Promise(setImmediate);
  assert.ok(what());
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => {
      assert.ok(error instanceof ImportError, String(error));
      return error.code;
    },
  );

describe('live import', () => {
  test('snapshot and stream reach the target in order, and the source is told how far', async () => {
    const world = new World(snapshot(2, 10));
    const live = await world.open();
    await live.copySnapshot();
    world.write('SELECT', '3');
    world.write('SET', 'k0', 'new');
    world.write('PING');
    await live.caughtUp();
    assert.deepEqual(world.got, ['SELECT 0', 'SET k0', 'SET k1', 'SELECT 0', 'SELECT 3', 'SET k0']);
    await until(() => world.acknowledged === world.offset);
    assert.deepEqual(live.progress.commands, 2);
    await live.finish();
    assert.equal(live.phase, 'done');
  });

  test('a source without a link to its master is asked again, and given up in the end', async () => {
    const world = new World(snapshot(1, 10));
    world.refusals = ["-NOMASTERLINK Can't SYNC", '-LOADING Redis is loading'];
    const live = await world.open();
    await live.copySnapshot();
    assert.deepEqual(world.psync, ['? -1', '? -1', '? -1']);
    live.close();
    const never = new World(snapshot(1, 10));
    never.refusals = Array.from({ length: TRY_LATER_MAX + 5 }, () => '-LOADING Redis is loading');
    const waiting = await never.open();
    assert.equal(await codeOf(waiting.copySnapshot()), 'source-busy');
    assert.equal(never.psync.length, TRY_LATER_MAX + 1);
    waiting.close();
  });

  test('while the target is silent the source is not read, and nothing piles up', async () => {
    const bytes = 4 * IN_FLIGHT_BYTES_MAX;
    const world = new World(snapshot(bytes / 8192, 8192));
    const live = await world.open();
    world.silent = true;
    const copied = live.copySnapshot();
    await until(() => world.replica?.paused === true);
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    assert.ok(live.progress.snapshotBytes < IN_FLIGHT_BYTES_MAX + 1024 * 1024);
    world.speak();
    await copied;
    assert.equal(world.got.filter((words) => words.startsWith('SET k')).length, bytes / 8192);
    live.close();
  });

  test('a broken link is taken up behind the last whole command', async () => {
    const world = new World(snapshot(1, 10));
    const live = await world.open();
    await live.copySnapshot();
    world.write('SET', 'a', '1');
    const half = encodeCommand(['SET', 'b', '2']);
    world.replica?.say(half.subarray(0, 12));
    await until(() => world.got.includes('SET a'));
    world.refusals = ['+CONTINUE id2'];
    world.replica?.end('ECONNRESET');
    await until(() => world.psync.length === 2);
    assert.equal(world.psync[1], `id ${world.offset + 1}`);
    world.write('SET', 'b', '2');
    await live.caughtUp();
    assert.deepEqual(world.got.slice(-2), ['SET a', 'SET b']);
    assert.equal(live.progress.resumed, 1);
    live.close();
  });

  test('a source that has forgotten where the link broke ends the import', async () => {
    const world = new World(snapshot(1, 10));
    const live = await world.open();
    await live.copySnapshot();
    world.replica?.end('ECONNRESET');
    await until(() => world.psync.length === 2);
    world.write('SET', 'a', '1');
    assert.equal(await codeOf(live.orFail(new Promise(() => {}))), 'source-lost');
    live.close();
  });

  test('both sides are asked at one point of the stream', async () => {
    const world = new World(snapshot(1, 10));
    const live = await world.open();
    await live.copySnapshot();
    await live.atOnePoint(
      async () => {
        // One write before the source is read, one after, both on their way already.
        world.write('SET', 'before', '1');
        const { offset } = world;
        world.write('SET', 'after', '1');
        for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
        assert.ok(
          !world.got.includes('SET before'),
          'nothing is given on while the source is read',
        );
        return { value: null, offset };
      },
      async () => {
        await live.target.askBetween(0, [['DBSIZE']]);
      },
    );
    await live.caughtUp();
    const asked = world.got.indexOf('DBSIZE');
    assert.ok(world.got.indexOf('SET before') < asked, world.got.join());
    assert.ok(world.got.indexOf('SET after') > asked, world.got.join());
    live.close();
  });

  test('a snapshot that is none ends the import, and says where', async () => {
    const world = new World(Buffer.from('no snapshot of anything'));
    const live = await world.open();
    await assert.rejects(live.copySnapshot(), /snapshot cannot be read \(bad-format at byte/);
    live.close();
  });

  test('commands that the target refuses are counted and named', async () => {
    const world = new World(snapshot(1, 10));
    const live = await world.open();
    await live.copySnapshot();
    world.network.serve(TARGET, () => {});
    const stream = world.network.streams[1];
    world.silent = true;
    world.write('NEWCOMMAND', 'k');
    await until(() => world.got.includes('NEWCOMMAND k'));
    stream?.say("-ERR unknown command 'NEWCOMMAND'\r\n");
    await until(() => live.progress.refused === 1);
    assert.deepEqual(live.progress.refusals, ["ERR unknown command 'NEWCOMMAND'"]);
    live.close();
  });
});
