/**
 * Kills a process that writes to an LSM engine, opens what it left, checks it, and lets the next one go on
 * from there, again and again.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createSimRandom } from '../../../src/core/runtime/sim/index.ts';
import { LsmStore } from '../../../src/core/store/lsm/lsm-store.ts';
import { NodePlace } from '../../../src/core/store/lsm/node-place.ts';
import { collect } from '../../../src/core/store/lsm/ordered-store.ts';
import { applyTo, type Content } from '../../../src/core/store/lsm/sorted-model.ts';
import { tableNumber } from '../../../src/core/store/lsm/table-path.ts';
import type { Lsm } from '../../../src/core/store/lsm/types.ts';
import { GROUP_BATCHES, type LogOf, NUMBER_KEY, operationsOf } from './batches.ts';

const writer = fileURLToPath(import.meta.resolve('./writer.ts'));

export interface KillReport {
  readonly kills: number;
  readonly batches: number;
  /** Acknowledged as durable. */
  readonly acknowledged: number;
}

/** @throws AssertionError when a batch is missing that was acknowledged as durable, or is not whole. */
export async function killLsmAgainAndAgain(options: {
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  /** Default `own`. */
  readonly log?: LogOf;
}): Promise<KillReport> {
  const { folder, kills, seed, log = 'own' } = options;
  const random = createSimRandom(seed);
  const content: Content = new Map();
  let last = 0;
  let acknowledged = 0;
  for (let nth = 0; nth < kills; nth++) {
    const told = await writeAndKill([folder, String(last), log], 20 + random.below(500));
    acknowledged = Math.max(acknowledged, told);
    last = await check(new NodePlace(folder, { log }), content, { last, acknowledged });
  }
  return { kills, batches: last, acknowledged };
}

/** @returns the last batch that was acknowledged as durable, 0 when none was. */
async function writeAndKill(args: readonly string[], ms: number): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, [writer, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.setEncoding('latin1').on('data', (chunk: string) => {
    output = output.slice(output.lastIndexOf('\n', output.length - 2) + 1) + chunk;
  });
  const exited = once(child, 'exit');
  const closed = once(child, 'close');
  // From its first word on, so that also a slow start leaves something to lose; or within the start.
  if (ms % 4 !== 0 && child.stdout !== null)
    await Promise.race([once(child.stdout, 'data'), exited]);
  await Promise.race([wait(ms), exited]);
  child.kill('SIGKILL');
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL', 'the writer ran until it was killed');
  await closed;
  const lines = output.split('\n');
  return Number(lines.at(-2) ?? 0);
}

/** Compactions go on: exactly the tables that are named are there when they have ended. */
async function untilFilesAreNamed(lsm: Lsm, folder: string): Promise<void> {
  for (let left = 1000; ; left--) {
    const files = readdirSync(folder).filter((name) => tableNumber(name) !== null);
    if (files.length === lsm.stats.tables) return;
    assert.ok(left > 0, `${files.length} files of ${lsm.stats.tables} tables`);
    await wait(10);
  }
}

/**
 * @returns the number of the last batch that is there, or with a log of its owner at the durable mark; `content`
 * is what it left.
 */
async function check(
  place: NodePlace,
  content: Content,
  { last, acknowledged }: { last: number; acknowledged: number },
): Promise<number> {
  const store = await LsmStore.open(place);
  try {
    const view = place.options.log === 'owner' ? store.lsm.atMark() : store.view();
    const number = Number((await store.get(Buffer.from(NUMBER_KEY), view)) ?? 0);
    if (place.options.log === 'owner') {
      assert.equal(number, store.lsm.durableMark);
      assert.equal(number % GROUP_BATCHES, 0);
    }
    assert.ok(number >= acknowledged, `${acknowledged} was acknowledged, ${number} is the last`);
    assert.ok(number >= last, 'what was there once stays');
    for (let nth = last + 1; nth <= number; nth++) applyTo(content, operationsOf(nth));
    const pairs = await collect(store, { view });
    view.release();
    assert.deepEqual(
      pairs.map(([key]) => key.toString('latin1')),
      [...content.keys()].sort(),
    );
    for (const [key, value] of pairs) {
      assert.ok(
        content.get(key.toString('latin1'))?.value.equals(value),
        `${key} is as it was written`,
      );
    }
    const { damage } = await store.lsm.verify();
    assert.deepEqual(damage, []);
    await untilFilesAreNamed(store.lsm, place.folder);
    return number;
  } finally {
    await store.close();
  }
}
