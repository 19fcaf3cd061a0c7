/**
 * The short form of the HTTP fuzzer; `node tests/fuzz/http/run.ts` is the long one.
 * `PLINTH_FUZZ_SEED` replays a seed, `PLINTH_FUZZ_MESSAGES` sets the length.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Chance } from '../kv/random.ts';
import { compareViews } from './compare.ts';
import { describeFinding, fuzz, judgeText } from './differential.ts';
import { makeStream } from './generator.ts';
import { readTheirs } from './llhttp.ts';
import { readOurs } from './ours.ts';
import { stricter } from './stricter.ts';
import type { MessageView, StreamView } from './view.ts';

const SEED = Number(process.env.PLINTH_FUZZ_SEED ?? 1);
const MESSAGES = Number(process.env.PLINTH_FUZZ_MESSAGES ?? 20_000);

const requests = { type: 'request', requestMethod: 'GET' } as const;
const TWO =
  'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n' +
  'GET /b HTTP/1.1\r\nHost: x\r\n\r\n';

describe('HTTP differential fuzzer', () => {
  test('a seed gives the same stream again', () => {
    assert.deepEqual(makeStream(new Chance(7)), makeStream(new Chance(7)));
    assert.notDeepEqual(makeStream(new Chance(7)), makeStream(new Chance(8)));
  });

  test(`finds no difference to llhttp that is not explained (seed ${SEED})`, () => {
    const { tally, findings } = fuzz({ seed: SEED, messages: MESSAGES });
    assert.equal(findings.map(describeFinding).join('\n\n'), '');
    // A generator that makes nothing right, or nothing wrong, finds nothing.
    if (tally.messages < 20_000) return;
    assert.ok(tally.accepted > tally.messages / 5, `only ${tally.accepted} were accepted`);
    assert.ok(tally.problems.size > 30, `only ${tally.problems.size} ends were met`);
  });

  test('agrees on two pipelined requests, and would see each part that differs', () => {
    assert.equal(judgeText(TWO, requests), undefined);
    const bytes = [Buffer.from(TWO, 'latin1')];
    const ours = readOurs(bytes, requests);
    const theirs = readTheirs(bytes, requests);
    const first = theirs.messages[0] as MessageView;
    const spoilt: Partial<MessageView>[] = [
      { start: 'POST /b 11' },
      { fields: first.fields.slice(1) },
      { fields: [['host', 'x'], ...first.fields.slice(1)] },
      { body: 'abcd' },
      { trailers: [] },
      { keepAlive: false },
      { complete: false },
    ];
    for (const part of spoilt) {
      const view: StreamView = {
        ...theirs,
        messages: [{ ...first, ...part }, ...theirs.messages.slice(1)],
      };
      assert.equal(compareViews(ours, view, TWO).kind, 'difference', JSON.stringify(part));
    }
    const fewer: StreamView = { ...theirs, messages: theirs.messages.slice(0, 1) };
    assert.equal(compareViews(ours, fewer, TWO).kind, 'difference');
    const more: StreamView = { ...ours, messages: ours.messages.slice(0, 1) };
    assert.equal(compareViews(more, theirs, TWO).kind, 'difference');
  });

  test('a refusal that llhttp does not share needs a row whose test holds', () => {
    const bytes = [Buffer.from(TWO, 'latin1')];
    const theirs = readTheirs(bytes, requests);
    for (const { problem } of stricter) {
      const refused: StreamView = { messages: [], end: problem };
      assert.equal(compareViews(refused, theirs, TWO).kind, 'difference', problem);
    }
    assert.equal(
      compareViews({ messages: [], end: 'bad-chunk-size' }, theirs, TWO).kind,
      'difference',
    );
  });
});
