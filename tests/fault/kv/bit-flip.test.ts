/**
 * One byte of a stopped store's files is changed: the start is refused with the file and the
 * offset, or the byte meant nothing and all values are right. A wrong value is never served.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { exitCode } from '../../../src/cli/index.ts';
import { Chance } from '../../fuzz/kv/random.ts';
import { type Plinth, startPlinth } from '../../support/plinth.ts';
import { waitUntil } from '../../support/process.ts';
import { pings } from '../../support/redis-server.ts';
import { RespClient } from '../../support/resp-client.ts';
import { isError, textOf } from '../../support/resp-reply.ts';

const count = 400;
const textFor = (n: number) => `marker-${n}-${'abcdefgh'.repeat(20)}`;

async function fill(plinth: Plinth): Promise<void> {
  const client = await RespClient.connect(plinth);
  for (let n = 0; n < count; n += 1) {
    await client.must('SET', `k${n}`, textFor(n));
    await client.must('RPUSH', 'list', textFor(n));
  }
  client.close();
}

/** Whether the server serves; every value it serves must be right, an error is no value. */
async function servesOnlyTruth(plinth: Plinth): Promise<void> {
  const client = await RespClient.connect(plinth);
  for (let n = 0; n < count; n += 1) {
    const reply = await client.send(['GET', `k${n}`]);
    if (!isError(reply)) assert.equal(textOf(reply), textFor(n), `k${n} is wrong`);
    const item = await client.send(['LINDEX', 'list', n]);
    if (!isError(item)) assert.equal(textOf(item), textFor(n), `item ${n} is wrong`);
  }
  client.close();
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size > 0);

/** Flips one byte, starts, checks, puts the byte back; gives whether the start was refused. */
async function withFlip(plinth: Plinth, file: string, offset: number): Promise<boolean> {
  const original = readFileSync(file);
  const damaged = Buffer.from(original);
  damaged[offset] = (damaged[offset] ?? 0) ^ 0x20;
  const before = new Map(filesOf(plinth.data).map((path) => [path, readFileSync(path)]));
  writeFileSync(file, damaged);
  const child = plinth.launch();
  await waitUntil(
    'an answer or an end',
    async () => child.hasExited() || (await pings(plinth.port)),
  );
  const refused = child.hasExited();
  if (refused) {
    assert.equal(await child.exited, exitCode('dataDamaged'), child.output());
    const said = child.output();
    assert.ok(said.includes(basename(file)), `${basename(file)} is not named in:\n${said}`);
    assert.match(said, /offset \d+/);
  } else {
    await servesOnlyTruth(plinth);
    await plinth.kill9();
  }
  for (const [path, bytes] of before) writeFileSync(path, bytes);
  return refused;
}

describe('a flipped bit', () => {
  const settings = [
    ['log', { fsync: 'always', log_segment: 64 * 1024 }],
    ['checkpoint', { fsync: 'always', log_segment: 64 * 1024, flush_log: 64 * 1024 }],
  ] as const;
  for (const [what, kv] of settings) {
    test(`in a ${what} is found at the start and never served`, async () => {
      const plinth = await startPlinth({ kv });
      try {
        await fill(plinth);
        await plinth.terminate();
        const files = filesOf(plinth.data);
        const chance = new Chance(what.length);
        let refusals = 0;
        // Bytes of values, wherever they lie open; then bytes anywhere.
        const marked = files.filter((file) => readFileSync(file).includes('marker-'));
        assert.ok(marked.length > 0, `no file holds the values: ${files.join(', ')}`);
        for (const file of marked.slice(0, 3)) {
          const offset = readFileSync(file).indexOf('marker-') + 2;
          if (await withFlip(plinth, file, offset)) refusals += 1;
        }
        assert.ok(refusals > 0, 'no damaged value was found');
        for (let attempt = 0; attempt < 5; attempt += 1) {
          const file = chance.pick(files);
          await withFlip(plinth, file, chance.between(0, statSync(file).size - 1));
        }
        await plinth.restart();
        await servesOnlyTruth(plinth);
      } finally {
        await plinth.stop();
      }
    });
  }
});
