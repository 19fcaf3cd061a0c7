import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Parsed, RespParser } from '../../core/wire/index.ts';
import { createTestStore } from '../testing/harness.ts';
import { ReadAhead } from './read-ahead.ts';

const limits = { argsMax: 1024, bulkBytesMax: 1024, lineBytesMax: 1024 };

function encode(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

function found(ahead: ReadAhead): string[][] {
  return Array.from({ length: ahead.count }, (_, nth) =>
    ahead.args[nth]!.copies().map((word) => word.toString()),
  );
}

test('requests are found in order, as many as asked for, with the place behind each', () => {
  const parser = new RespParser(limits);
  const ahead = new ReadAhead();
  const texts = Array.from({ length: 40 }, (_, nth) => encode('SET', `key-${nth}`, 'v'));
  const buf = Buffer.from(texts.join(''));
  const seen: string[][] = [];
  let at = 0;
  while (at < buf.length) {
    ahead.fill(parser, buf, at, buf.length);
    assert.equal(ahead.outcome, Parsed.request);
    for (const [nth, words] of found(ahead).entries()) {
      const next = ahead.nexts[nth]!;
      assert.equal(buf.toString('latin1', at, next), texts[seen.length]);
      at = next;
      seen.push(words);
    }
  }
  assert.deepEqual(seen.at(-1), ['SET', 'key-39', 'v']);
  ahead.fill(parser, buf, 0, buf.length, 1);
  assert.deepEqual(found(ahead), [['SET', 'key-0', 'v']]);
});

test('an unfinished request behind others goes on where it was left, in another buffer too', () => {
  const text = encode('GET', 'a') + encode('SET', 'b', 'value');
  for (let cut = encode('GET', 'a').length; cut < text.length; cut++) {
    const parser = new RespParser(limits);
    const ahead = new ReadAhead();
    const head = Buffer.from(text.slice(0, cut));
    ahead.fill(parser, head, 0, head.length);
    assert.deepEqual(found(ahead), [['GET', 'a']]);
    const rest = Buffer.from(text.slice(ahead.nexts[0]));
    ahead.fill(parser, rest, 0, rest.length);
    assert.deepEqual(found(ahead), [['SET', 'b', 'value']], `cut at ${cut}`);
  }
});

test('what stands before an error is found, and the error told', () => {
  const parser = new RespParser(limits);
  const ahead = new ReadAhead();
  const buf = Buffer.from(`${encode('GET', 'a')}*1\r\n!`);
  ahead.fill(parser, buf, 0, buf.length);
  assert.deepEqual(found(ahead), [['GET', 'a']]);
  assert.equal(ahead.outcome, Parsed.more);
  const whole = Buffer.from(`${encode('GET', 'a')}*1\r\n!3\r\nabc\r\n`);
  parser.reset();
  ahead.fill(parser, whole, 0, whole.length);
  assert.equal(ahead.outcome, Parsed.error);
  assert.match(parser.error, /expected '\$'/);
});

test('fetching changes nothing, whatever stands under the keys', () => {
  const kv = createTestStore();
  for (let nth = 0; nth < 5000; nth++) {
    kv.run('SADD', 'set', `member-${nth}`);
    kv.run('ZADD', 'zset', String(nth), `member-${nth}`);
    kv.run('SET', `key-${nth}`, 'v');
  }
  kv.run('SET', 'soon', 'v', 'PX', '1');
  const before = kv.run('DEBUG', 'DIGEST');
  const parser = new RespParser(limits);
  const ahead = new ReadAhead();
  for (const words of [
    ['GET', 'key-7'],
    ['GET', 'soon'],
    ['SADD', 'set', 'member-1', 'new'],
    ['ZADD', 'zset', '1', 'member-1'],
    ['SADD', 'absent', 'x'],
    ['LLEN', 'set'],
    ['PING'],
  ]) {
    const buf = Buffer.from(encode(...words).repeat(8));
    ahead.fill(parser, buf, 0, buf.length);
    assert.equal(ahead.count, 8);
    ahead.fetch(kv.engine.database(0)!);
  }
  assert.deepEqual(kv.run('DEBUG', 'DIGEST'), before);
});
