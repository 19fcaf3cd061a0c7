/** Two attempts at once: whichever answers first goes on alone, one that fails leaves the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answering,
  type Bed,
  type BedOptions,
  ok,
  type Peer,
  statuses,
  withBed,
} from '../../../tests/support/http-bed.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const BUSY = 'HTTP/1.1 503 Busy\r\nDate: now\r\nContent-Length: 0\r\n\r\n';
const options: BedOptions = { hedgeAfterMs: 5, attempts: 2 };

/** A server whose connections, one for each attempt, do as their function says once they are asked. */
function servers(
  ...attempts: ((peer: Peer, all: readonly Peer[]) => string)[]
): (peer: Peer) => void {
  const all: Peer[] = [];
  return (peer) => {
    all.push(peer);
    answering((_request, asked) => attempts[asked.index]?.(asked, all) ?? '')(peer);
  };
}

const silent = (): string => '';
const says = (text: string) => (): string => text;
/** Answers on the connection of the first attempt. */
const firstSays =
  (text: string) =>
  (_peer: Peer, all: readonly Peer[]): string => {
    all[0]!.send(text);
    return '';
  };

type Case = readonly [
  what: string,
  script: (peer: Peer) => void,
  status: string,
  body: string,
  outcomes: readonly string[],
];

const reset = (peer: Peer): string => {
  peer.socket.resetAndDestroy();
  return '';
};
const resetFirst = (_peer: Peer, all: readonly Peer[]): string => reset(all[0]!);
const resetFirstThenSay =
  (text: string) =>
  (peer: Peer, all: readonly Peer[]): string => {
    reset(all[0]!);
    setTimeout(() => peer.send(text), 20);
    return '';
  };
const resetThenFirstSays =
  (text: string) =>
  (peer: Peer, all: readonly Peer[]): string => {
    reset(peer);
    setTimeout(() => all[0]!.send(text), 20);
    return '';
  };
const busyThenFirstSays =
  (text: string) =>
  (_peer: Peer, all: readonly Peer[]): string => {
    setTimeout(() => all[0]!.send(text), 20);
    return BUSY;
  };

const cases: readonly Case[] = [
  ['the second answers', servers(silent, says(ok('two'))), '200', 'two', ['abandoned', 'well']],
  ['the first answers', servers(silent, firstSays(ok('one'))), '200', 'one', ['abandoned', 'well']],
  [
    'the first fails',
    servers(silent, resetFirstThenSay(ok('two'))),
    '200',
    'two',
    ['reset', 'well'],
  ],
  [
    'the second fails',
    servers(silent, resetThenFirstSays(ok('one'))),
    '200',
    'one',
    ['reset', 'well'],
  ],
  [
    'the second is busy',
    servers(silent, busyThenFirstSays(ok('one'))),
    '200',
    'one',
    ['well', 'well'],
  ],
  [
    'both fail',
    servers(silent, (peer, all) => resetFirst(peer, all) + reset(peer)),
    '502',
    '',
    ['reset', 'reset'],
  ],
];

for (const [what, script, status, body, outcomes] of cases) {
  test(`hedged: ${what}`, () =>
    withBed(script, options, async (bed) => {
      const answer = await bed.ask(GET);
      assert.deepEqual(statuses(answer), [status]);
      assert.ok(answer.includes(body));
      await bed.untilEmpty();
      assert.deepEqual(bed.outcomes, outcomes);
      assert.equal(bed.accepted.length, 2);
    }));
}

test('an attempt that lost is broken off, and what its server still says goes nowhere', () => {
  const script = servers(silent, says(ok('two')));
  return withBed(script, options, async (bed) => {
    assert.ok((await bed.ask(GET)).endsWith('two'));
    await bed.accepted[0]!.untilClosed();
  });
});

test('a client that leaves ends both attempts', () =>
  withBed(servers(silent, silent), options, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await untilAccepted(bed, 2);
    client.socket.resetAndDestroy();
    await bed.untilEmpty();
    assert.deepEqual(bed.outcomes, ['abandoned', 'abandoned']);
  }));

test('a request with a body is sent once', () =>
  withBed(
    (peer) => {
      peer.socket.once('data', () => setTimeout(() => peer.send(ok('well')), 60));
    },
    options,
    async (bed) => {
      const post = GET.replace('GET', 'POST').replace(
        '\r\n\r\n',
        '\r\nContent-Length: 2\r\n\r\nab',
      );
      assert.ok((await bed.ask(post)).endsWith('well'));
      assert.equal(bed.accepted.length, 1);
    },
  ));

async function untilAccepted(bed: Bed, count: number): Promise<void> {
  for (let i = 0; bed.accepted.length < count; i++) {
    assert.ok(i < 1000, `${bed.accepted.length} connections were made`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await bed.accepted[count - 1]!.untilText('\r\n\r\n');
}
