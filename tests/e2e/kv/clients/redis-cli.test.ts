/**
 * redis-cli as people use it: single commands, its own modes, its own formatting of replies.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { temporaryFolder, waitUntil } from '../../../support/process.ts';
import { type CliRun, redisCli } from '../../../support/redis-cli.ts';
import { RespClient } from '../../../support/resp-client.ts';
import { textOf } from '../../../support/resp-reply.ts';
import { onEachTarget } from '../../../support/targets.ts';

onEachTarget('redis-cli', { peers: ['redis-cli'] }, (server) => {
  const cli = (args: readonly string[], input: string | Buffer = ''): Promise<CliRun> =>
    redisCli(['-h', server().host, '-p', String(server().port), ...args], input);
  const says = async (...args: readonly string[]) => (await cli(args)).out.trimEnd();

  beforeEach(async () => {
    await says('FLUSHALL');
  });

  test('pings, sets and gets', async () => {
    assert.equal(await says('PING'), 'PONG');
    assert.equal(await says('SET', 'k', 'hello world'), 'OK');
    assert.equal(await says('GET', 'k'), 'hello world');
    assert.equal((await cli(['-x', 'SET', 'in'], 'from stdin\n')).out.trim(), 'OK');
    assert.equal(await says('--no-raw', 'GET', 'in'), '"from stdin\\n"');
    assert.equal(await says('-n', '3', 'SET', 'there', '1'), 'OK');
    assert.equal(await says('EXISTS', 'there'), '0');
  });

  test('shows replies of RESP3 by their type', async () => {
    await says('HSET', 'h', 'f', 'v');
    assert.equal(await says('-3', '--no-raw', 'HGETALL', 'h'), '1# "f" => "v"');
    await says('ZADD', 'z', '1.5', 'm');
    assert.equal(await says('-3', '--no-raw', 'ZSCORE', 'z', 'm'), '(double) 1.5');
    assert.equal(await says('-3', '--no-raw', 'SMEMBERS', 'none'), '(empty set)');
    assert.equal(await says('-3', '--no-raw', 'GET', 'none'), '(nil)');
    assert.equal(await says('-2', '--no-raw', 'LRANGE', 'none', '0', '-1'), '(empty array)');
  });

  test('ends with an error code where asked', async () => {
    assert.equal(
      (await cli(['-e', 'LPUSH'])).err.trim(),
      "ERR wrong number of arguments for 'lpush' command",
    );
    assert.equal((await cli(['-e', 'LPUSH'])).code, 1);
  });

  test('runs lines from its standard input', async () => {
    const { out } = await cli([], 'SET a 1\nINCR a\nMULTI\nINCR a\nEXEC\nGET a\n');
    assert.deepEqual(out.trim().split('\n'), ['OK', '2', 'OK', 'QUEUED', '3', '3']);
  });

  test('pipes raw commands in bulk', async () => {
    const commands: string[] = [];
    for (let index = 0; index < 20_000; index += 1) {
      const key = `key:${index}`;
      commands.push(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$5\r\nvalue\r\n`);
    }
    const { out, code } = await cli(['--pipe'], commands.join(''));
    assert.match(out, /errors: 0, replies: 20000/);
    assert.equal(code, 0);
    assert.equal(await says('DBSIZE'), '20000');
    const wrong = await cli(['--pipe'], '*2\r\n$4\r\nINCR\r\n$5\r\nkey:1\r\n');
    assert.match(wrong.out, /errors: 1, replies: 1/);
  });

  test('scans, finds big keys and measures memory', async () => {
    await says('MSET', 'a:1', 'x', 'a:2', 'y', 'b:1', 'z');
    await says('RPUSH', 'list', ...Array.from({ length: 50 }, String));
    await says('HSET', 'hash', 'f', 'v');
    const keys = await says('--scan', '--pattern', 'a:*');
    assert.deepEqual(keys.split('\n').sort(), ['a:1', 'a:2']);
    const big = await says('--bigkeys');
    assert.match(big, /Biggest\s+list found ["']+list["']+ has 50 items/);
    assert.match(big, /3 strings with 3 bytes/);
    const memory = await says('--memkeys');
    assert.match(memory, /Biggest\s+list found ["']+list["']+ has \d+ bytes/);
  });

  test('runs script files with keys and arguments', async () => {
    const folder = temporaryFolder('redis-cli');
    const file = join(folder.path, 'set.lua');
    writeFileSync(file, 'return redis.call("SET", KEYS[1], ARGV[1])');
    assert.equal(await says('--eval', file, 'k', ',', 'v'), 'OK');
    folder.remove();
    assert.equal(await says('GET', 'k'), 'v');
  });

  test('repeats commands and prints statistics', async () => {
    assert.equal(await says('-r', '5', 'INCR', 'n'), '1\n2\n3\n4\n5');
    assert.match(await says('INFO', 'server'), /redis_version:\d+\.\d+\.\d+/);
    assert.match(await says('--csv', 'MGET', 'n', 'none'), /^"5",(NIL|NULL)?/);
    assert.match(await says('--json', 'HGETALL', 'none'), /^\{\}$/);
    assert.match(await says('COMMAND', 'DOCS', 'GET'), /string/);
  });

  test('shows help and completion from COMMAND DOCS', async () => {
    const { out } = await cli([], 'help set\n');
    assert.match(stripVTControlCharacters(out), /SET key value/);
  });

  test('watches commands and subscribes', async () => {
    const watch = spawn('redis-cli', ['-p', String(server().port), 'MONITOR']);
    const listen = spawn('redis-cli', ['-p', String(server().port), 'SUBSCRIBE', 'news']);
    let watched = '';
    let heard = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      watched += chunk.toString('latin1');
    });
    listen.stdout.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    try {
      await waitUntil(
        'both to listen',
        () => watched.includes('OK') && heard.includes('subscribe'),
      );
      const client = await RespClient.connect(server());
      await client.must('SET', 'seen', 'a "b"');
      assert.equal(textOf(await client.must('PUBLISH', 'news', 'hello')), '1');
      client.close();
      await waitUntil('the message', () => heard.includes('hello'));
      const line = /^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "SET" "seen" "a \\"b\\""$/m;
      await waitUntil('the command', () => line.test(watched));
    } finally {
      watch.kill();
      listen.kill();
    }
  });
});
