/**
 * One byte of a stopped store's files is changed. In the log, or in what a start reads of the
 * tables, the start is refused with the file and the offset; in a table that holds the value of
 * a key, who asks for it gets an error that names the file; or the byte meant nothing. A wrong
 * value is never served.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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

/** Brings all into tables: what a start would play again reads tables, and is refused by damage there. */
async function save(plinth: Plinth): Promise<void> {
  const client = await RespClient.connect(plinth);
  // A flush may be under way.
  await waitUntil('all to be saved', async () => !isError(await client.send(['SAVE'])));
  client.close();
}

/** Every value that is served must be right, an error must name the damage; gives the errors. */
async function servesOnlyTruth(plinth: Plinth): Promise<readonly string[]> {
  const client = await RespClient.connect(plinth);
  const errors: string[] = [];
  const look = async (command: readonly (string | number)[], n: number) => {
    const reply = await client.send(command);
    if (isError(reply)) errors.push(textOf(reply));
    else assert.equal(textOf(reply), textFor(n), `${command.join(' ')} is wrong`);
  };
  for (let n = 0; n < count; n += 1) {
    await look(['GET', `k${n}`], n);
    await look(['LINDEX', 'list', n], n);
  }
  if (errors.length > 0) {
    const stats = textOf(await client.send(['INFO', 'errorstats']));
    const counted = Number(/errorstat_ERR:count=(\d+)/.exec(stats)?.[1]);
    assert.ok(counted >= errors.length, `${counted} of ${errors.length} errors are counted`);
  }
  client.close();
  return errors;
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size > 0);

/** What became of a flipped bit. */
type Outcome = 'refused' | 'told' | 'served';

/** Flips one byte, starts, checks, puts the byte back. */
async function withFlip(plinth: Plinth, file: string, offset: number): Promise<Outcome> {
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
  const outcome = child.hasExited() ? 'refused' : await outcomeOf(plinth, file);
  const said = child.output();
  if (outcome === 'refused') {
    assert.equal(await child.exited, exitCode('dataDamaged'), said);
    assert.match(said, /offset \d+|at byte \d+/);
  } else await plinth.kill9();
  if (outcome !== 'served') {
    assert.ok(said.includes(basename(file)), `${basename(file)} is not named in:\n${said}`);
  }
  // The next start is of the files as they were, without what this one wrote.
  for (const path of filesOf(plinth.data)) if (!before.has(path)) rmSync(path);
  for (const [path, bytes] of before) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  return outcome;
}

async function outcomeOf(plinth: Plinth, file: string): Promise<Outcome> {
  const errors = await servesOnlyTruth(plinth);
  for (const error of errors) {
    assert.match(error, /^ERR a stored key can not be read: .*corrupt.* at byte \d+/);
    assert.ok(error.includes(basename(file)), `${basename(file)} is not named in: ${error}`);
  }
  return errors.length > 0 ? 'told' : 'served';
}

describe('a flipped bit', () => {
  const settings = [
    ['log', '', { fsync: 'always', log_segment: 64 * 1024 }],
    ['table', '.tbl', { fsync: 'always', log_segment: 64 * 1024, flush_log: 64 * 1024 }],
  ] as const;
  for (const [what, ending, kv] of settings) {
    test(`in a ${what} is found and never served`, async () => {
      const plinth = await startPlinth({ kv });
      try {
        await fill(plinth);
        if (what === 'table') await save(plinth);
        await plinth.terminate();
        const files = filesOf(plinth.data);
        const holdsValues = (file: string) =>
          file.endsWith(ending) && readFileSync(file).includes('marker-');
        const chance = new Chance(what.length);
        const outcomes = new Set<Outcome>();
        // Bytes of values, wherever they lie open; then bytes anywhere.
        const marked = files.filter(holdsValues);
        assert.ok(marked.length > 0, `no file holds the values: ${files.join(', ')}`);
        for (const file of marked.slice(0, 2)) {
          const bytes = readFileSync(file);
          for (const share of [0, 0.4, 0.8]) {
            const at = bytes.indexOf('marker-', Math.floor(bytes.length * share));
            if (at >= 0) outcomes.add(await withFlip(plinth, file, at + 2));
          }
        }
        assert.ok(outcomes.has(what === 'log' ? 'refused' : 'told'), [...outcomes].join());
        for (let attempt = 0; attempt < 4; attempt += 1) {
          const file = chance.pick(files);
          await withFlip(plinth, file, chance.between(0, statSync(file).size - 1));
        }
        await plinth.restart();
        assert.deepEqual(await servesOnlyTruth(plinth), []);
      } finally {
        await plinth.stop();
      }
    });
  }
});
