import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ImportError } from './errors.ts';
import { IN_FLIGHT_BYTES_MAX } from './limits.ts';
import { openPipe } from './resp-pipe.ts';
import { FakeNetwork, type FakeStream } from './testing/fake-server.ts';

const endpoint = { address: { host: 'h', port: 1 } };

async function open(onRequest: (words: string[], stream: FakeStream) => void) {
  const network = new FakeNetwork();
  network.serve(1, (words, stream) => {
    if (words[0] === 'PING') stream.say('+PONG\r\n');
    else onRequest(words, stream);
  });
  const pipe = await openPipe({ dial: network.dial, endpoint, lostCode: 'target-lost' });
  return { pipe, network };
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'none';
  } catch (error) {
    assert.ok(error instanceof ImportError);
    return error.code;
  }
};

describe('pipe', () => {
  test('replies meet their requests', async () => {
    const { pipe } = await open((words, stream) => stream.say(`+${words[1]}\r\n`));
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((word) => pipe.ask('ECHO', word))), [
      'a',
      'b',
      'c',
    ]);
    assert.deepEqual([pipe.inFlightBytes, pipe.inFlightCount], [0, 0]);
  });

  test('there is no room above the bound, and again when replies came', async () => {
    let silent = true;
    const waiting: FakeStream[] = [];
    const { pipe } = await open((_, stream) => {
      if (silent) waiting.push(stream);
      else stream.say('+OK\r\n');
    });
    const value = Buffer.alloc(1024 * 1024);
    while (pipe.hasRoom) pipe.request(['SET', 'k', value], () => {});
    assert.ok(pipe.inFlightBytes < IN_FLIGHT_BYTES_MAX + 2 * value.length);
    let hasRoom = false;
    const room = pipe.room().then(() => {
      hasRoom = true;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.equal(hasRoom, false);
    silent = false;
    for (const stream of waiting) stream.say('+OK\r\n');
    await room;
    assert.ok(pipe.hasRoom);
    await pipe.settled();
    assert.equal(pipe.inFlightBytes, 0);
  });

  test('when it is lost, all who wait are told', async () => {
    const { pipe } = await open((_, stream) => stream.end('ECONNRESET'));
    let told = '';
    pipe.onLost = (error) => {
      told = error.message;
    };
    const codes = await Promise.all([codeOf(pipe.ask('GET', 'k')), codeOf(pipe.settled())]);
    assert.deepEqual(codes, ['target-lost', 'target-lost']);
    assert.match(told, /ECONNRESET/);
    assert.equal(await codeOf(pipe.ask('GET', 'k')), 'target-lost');
    assert.equal(await codeOf(pipe.room()), 'target-lost');
  });

  test('an answer that is none, or comes unasked, ends it', async () => {
    const web = await open((_, stream) => stream.say('HTTP/1.1 400\r\n'));
    assert.equal(await codeOf(web.pipe.ask('GET', 'k')), 'target-lost');
    const full = await open(() => {});
    full.network.streams[0]?.say('-ERR max number of clients reached\r\n');
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    assert.match(String(full.pipe.lost?.message), /max number of clients/);
  });

  test('why a server is not entered is told apart', async () => {
    const network = new FakeNetwork();
    const attempt = (password?: string) =>
      codeOf(
        openPipe({
          dial: network.dial,
          endpoint: { ...endpoint, password },
          lostCode: 'source-lost',
        }),
      );
    assert.equal(await attempt(), 'unreachable');
    network.serve(1, (_, stream) => stream.say('-NOAUTH Authentication required.\r\n'));
    assert.equal(await attempt(), 'auth-refused');
    network.serve(1, (_, stream) => stream.say('-WRONGPASS invalid\r\n'));
    assert.equal(await attempt('p'), 'auth-refused');
  });
});
