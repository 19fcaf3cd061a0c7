/**
 * A writer with a model of its own: two databases that it alone changes, and a third in which it marks
 * after each operation how far it came.
 *
 * Promise: every answer is compared with the model's; after a restart the databases hold exactly what the
 * operations up to the mark make of them, or those and the one after it, as the mark may have come too late.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../../fuzz/kv/random.ts';
import type { Address } from '../../support/process.ts';
import { encode, RespClient } from '../../support/resp-client.ts';
import { type Reply, show, textOf } from '../../support/resp-reply.ts';
import { World } from './tier-model.ts';
import { drawOperation, type Operation, type Scope } from './tier-operations.ts';
import {
  type Difference,
  describeDifferences,
  differences,
  forgetEnded,
  readState,
  type State,
} from './tier-state.ts';
import { answerOf, type Expected, type Moment } from './tier-steps.ts';

interface Sent {
  readonly n: number;
  readonly operation: Operation;
  readonly sentAt: number;
}

const MARK = 'mark';
const BATCH_MAX = 24;
/** Steps that are remembered, to tell what was done to a key that is wrong. */
const HISTORY = 200_000;
const HISTORY_SHOWN = 15;
const SETTLE_MS_MAX = 60_000;

export class TierWriter {
  readonly name: string;
  /** Operations whose answers were right. */
  acknowledged = 0;
  private readonly world = new World();
  private readonly scope: Scope;
  private readonly chance: Chance;
  private readonly markDb: number;
  private sent = 0;
  /** Sent and not known to be done, in order. */
  private pending: Sent[] = [];
  private history: string[] = [];

  /** Takes the databases 3 x `index` and the two behind it. */
  constructor(index: number, chance: Chance, keysOfKind: number) {
    this.name = `writer ${index}`;
    this.chance = chance;
    this.markDb = 3 * index + 2;
    this.scope = { chance, keysOfKind, numbers: [3 * index, 3 * index + 1], id: 0 };
  }

  /** Keys that the model has. */
  get keyCount(): number {
    return this.world.db(0).size + this.world.db(1).size;
  }

  /** Writes and reads until the connection ends. Throws where an answer is wrong. */
  async run(address: Address): Promise<void> {
    const client = await RespClient.connect(address);
    try {
      while (!client.closed && (await this.batch(client))) {
        // The next batch follows at once.
      }
    } finally {
      client.close();
    }
  }

  /** Compares both databases with the model. Throws with what is wrong. */
  async verifyAfterRestart(address: Address, killedAt: number): Promise<void> {
    const client = await RespClient.connect(address, { db: this.markDb });
    try {
      const mark = await client.must('GET', MARK);
      const done = mark.type === 'null-bulk' ? 0 : Number(textOf(mark));
      if (done < this.acknowledged || done > this.sent) {
        throw new Error(
          `${this.name}: the mark is ${done}, ${this.acknowledged} was acknowledged, ${this.sent} sent`,
        );
      }
      const open = this.pending;
      this.pending = [];
      for (const each of open) if (each.n <= done) this.apply(each, killedAt);
      const states = await this.readBoth(client);
      let found = this.differencesFrom(states);
      const next = open.find(({ n }) => n > done);
      if (next !== undefined) found = this.afterEachStep(next, states, killedAt, found);
      // What was sent and not done is lost: the next mark may be as old as this one.
      this.acknowledged = done;
      this.check(found);
    } finally {
      client.close();
    }
  }

  /** Waits until all brief keys have ended; then the numbers of keys must be exact. */
  async verifyAtRest(address: Address): Promise<void> {
    const client = await RespClient.connect(address);
    try {
      const end = performance.now() + SETTLE_MS_MAX;
      for (;;) {
        const states = await this.readBoth(client);
        this.check(this.differencesFrom(states));
        const now = Date.now();
        const brief = [0, 1].some((db) => this.endsSoon(db, now));
        for (const db of [0, 1]) forgetEnded(this.world.db(db), states[db]!.low);
        const exact = states.every(({ size }, db) => size === this.world.db(db).size);
        if (exact && !brief) return;
        if (performance.now() > end) {
          const sizes = states.map(({ size }, db) => `${size} for ${this.world.db(db).size}`);
          throw new Error(`${this.name}: DBSIZE stays ${sizes.join(' and ')}`);
        }
        await sleep(200);
      }
    } finally {
      client.close();
    }
  }

  private endsSoon(db: number, now: number): boolean {
    for (const { expiry } of this.world.db(db).values()) {
      if (expiry !== undefined && expiry.high < now + 60_000) return true;
    }
    return false;
  }

  private async readBoth(client: RespClient): Promise<State[]> {
    const states: State[] = [];
    for (const number of this.scope.numbers) {
      await client.must('SELECT', number);
      states.push(await readState(client));
    }
    return states;
  }

  /** Sends some operations and judges their answers; false when the connection ended. */
  private async batch(client: RespClient): Promise<boolean> {
    const count = this.chance.between(1, BATCH_MAX);
    const some = Array.from({ length: count }, (): Sent => {
      const operation = drawOperation(this.scope);
      this.sent++;
      return { n: this.sent, operation, sentAt: Date.now() };
    });
    this.pending.push(...some);
    const commands = some.map(({ n, operation }) => [
      ['SELECT', this.scope.numbers[operation.db === 0 ? 0 : 1]],
      ...operation.steps.map(({ args }) => args),
      ['SELECT', this.markDb],
      ['SET', MARK, n],
    ]);
    const replies = commands.map((list) => list.map(() => client.expect()));
    for (const reply of replies.flat()) reply.catch(() => {});
    client.raw(Buffer.concat(commands.flat().map(encode)));
    for (const [i, each] of some.entries()) {
      let answers: Reply[];
      try {
        answers = await Promise.all(replies[i]!);
      } catch {
        // The connection ended: whether this operation was done is open.
        return false;
      }
      this.pending.shift();
      const wanted = this.apply(each, Date.now());
      this.judge(each, answers, wanted);
      this.acknowledged = each.n;
    }
    return true;
  }

  /** Does an operation to the model; gives what each of its steps must have answered. */
  private apply({ n, operation, sentAt }: Sent, doneAt: number): Expected[] {
    const moment: Moment = { low: sentAt, high: doneAt };
    return operation.steps.map((step) => {
      this.remember(`${n} ${operation.db === 0 ? 'first' : 'second'}`, step.args);
      return answerOf(step, this.world, operation.db, moment);
    });
  }

  private judge(
    { n, operation }: Sent,
    answers: readonly Reply[],
    wanted: readonly Expected[],
  ): void {
    const all: Expected[] = ['+OK', ...wanted, '+OK', '+OK'];
    for (const [i, answer] of answers.entries()) {
      const met = show(answer);
      const expected = all[i];
      if (expected === undefined) continue;
      if ((typeof expected === 'string' ? [expected] : expected).some((one) => fits(met, one))) {
        continue;
      }
      const args = operation.steps[i - 1]?.args ?? ['SELECT or SET of the mark'];
      throw new Error(
        `${this.name}, operation ${n}: ${args.join(' ').slice(0, 300)}\n` +
          `  gave ${met.slice(0, 600)}\n  not  ${String(expected).slice(0, 600)}\n` +
          this.historyOf(args),
      );
    }
  }

  private differencesFrom(states: readonly State[]): Difference[] {
    return states.flatMap((state, db) => differences(this.world.db(db), state));
  }

  /** The operation behind the mark may be done, or some of its steps; which, the databases tell. */
  private afterEachStep(
    { n, operation, sentAt }: Sent,
    states: readonly State[],
    killedAt: number,
    before: Difference[],
  ): Difference[] {
    if (before.length === 0) return before;
    let found = before;
    for (const step of operation.steps) {
      this.remember(`${n} perhaps`, step.args);
      answerOf(step, this.world, operation.db, { low: sentAt, high: killedAt });
      found = this.differencesFrom(states);
      if (found.length === 0) break;
    }
    return found;
  }

  private check(found: readonly Difference[]): void {
    if (found.length === 0) return;
    const names = found.slice(0, 3).map(({ key }) => key);
    throw new Error(`${this.name}:\n${describeDifferences(found)}\n${this.historyOf(names)}`);
  }

  private remember(when: string, args: readonly string[]): void {
    this.history.push(`${when}: ${args.join(' ').slice(0, 160)}`);
    if (this.history.length > HISTORY) this.history = this.history.slice(HISTORY / 2);
  }

  /** The last that was done to some keys, and to all keys at once. */
  private historyOf(names: readonly string[]): string {
    const keys = names.filter((name) => name.includes(':'));
    const lines = this.history.filter((line) => {
      const words = line.split(' ');
      return (
        words.includes('SWAPDB') ||
        words.includes('FLUSHDB') ||
        keys.some((key) => words.includes(key))
      );
    });
    return lines
      .slice(-HISTORY_SHOWN)
      .map((line) => `    ${line}`)
      .join('\n');
  }
}

/** Of errors the beginning counts: scripts add where they happened. */
function fits(met: string, expected: string): boolean {
  return expected.startsWith('-') ? met.startsWith(expected) : met === expected;
}
