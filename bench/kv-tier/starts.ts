/**
 * kill -9 in the middle of writing, and the start after it: how long until it answers, until a value is
 * right, whether everything that was acknowledged is there and nothing that was never sent.
 *
 * One connection writes new keys and new versions of old keys in turn, so what was done is a prefix of what
 * was sent and DBSIZE tells which. fsync is `always`: the prefix has all that was acknowledged.
 */
import { textOf } from '../../tests/support/resp-reply.ts';
import { fill, keyOf } from '../kv/fill.ts';
import { TierServer } from './tier-server.ts';
import { storedValue } from './values.ts';
import { compareKeys } from './writes.ts';
import { spread, uniform } from './zipf.ts';

export interface StartOptions {
  readonly keys: number;
  readonly valueBytes: number;
  readonly limitBytes: number | undefined;
  readonly rounds: number;
}

export interface StartRow {
  /** Keys after the start. */
  readonly keys: number;
  /** Milliseconds from the start of the process to PONG, and to the first right value. */
  readonly pongMs: number;
  readonly getMs: number;
  /** Writes before the kill, beyond those that filled the server. */
  readonly acknowledged: number;
  readonly sent: number;
  /** Of these so many were there after the start. */
  readonly kept: number;
  /** Resident memory at the first right value, at rest, and the most there was; bytes. */
  readonly residentFirst: number;
  readonly residentRest: number;
  readonly residentPeak: number;
}

/** Writes under way at a time. */
const UNDER_WAY = 64;
const WRITE_MS_MIN = 1000;
const WRITE_MS_MAX = 3000;
/** Values compared after each start, of each kind. */
const SAMPLE = 10_000;

export async function measureStarts(
  options: StartOptions,
  tell: (text: string) => void,
): Promise<StartRow[]> {
  const { keys, valueBytes, limitBytes } = options;
  const server = await TierServer.start({ name: 'tier', limitBytes, fsync: 'always' });
  try {
    await fill(server, keys, (index) => ['SET', keyOf(index), storedValue(index, 0, valueBytes)]);
    const starts = new Starts(server, options);
    const rows: StartRow[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      const row = await starts.round(round);
      rows.push(row);
      tell(
        `${row.keys} keys after kill -9: PONG ${row.pongMs.toFixed(0)} ms, ` +
          `right value ${row.getMs.toFixed(0)} ms, ${row.kept} writes kept of ` +
          `${row.acknowledged} acknowledged and ${row.sent} sent`,
      );
    }
    return rows;
  } finally {
    await server.stop();
  }
}

/** Write n of a round is for n even a new key, for n odd a new version of the (n >> 1)th old one. */
class Starts {
  private readonly server: TierServer;
  private readonly options: StartOptions;
  private readonly place: (i: number) => number;
  private keys: number;
  /** How many old keys each round changed, the first round first. */
  private readonly changed: number[] = [];

  constructor(server: TierServer, options: StartOptions) {
    this.server = server;
    this.options = options;
    this.place = spread(options.keys);
    this.keys = options.keys;
  }

  async round(round: number): Promise<StartRow> {
    const { server } = this;
    const draw = uniform(this.options.keys, round);
    const writes = await this.writeUntilKilled(round, draw() / this.options.keys);
    const pongMs = await server.launch();
    // No round changes this one: it changes less than half of the old keys.
    const known = this.old(this.options.keys - round, round);
    const getMs = await server.untilAnswered(['GET', known.key], known.value);
    const residentFirst = server.residentBytes().now;
    const kept = await this.keptOf(round, writes);
    await this.compare(round, draw);
    await server.settle();
    const { now, peak } = server.residentBytes();
    return {
      ...{ keys: this.keys, pongMs, getMs, ...writes, kept },
      ...{ residentFirst, residentRest: now, residentPeak: peak },
    };
  }

  /** Kills after a while that `share` (0 to 1) tells, or when many writes were acknowledged. */
  private async writeUntilKilled(
    round: number,
    share: number,
  ): Promise<{ acknowledged: number; sent: number }> {
    const client = await this.server.connect();
    const enough = Promise.withResolvers<void>();
    let [sent, acknowledged] = [0, 0];
    const send = (): void => {
      client.send(this.write(round, sent++)).then((reply) => {
        if (reply.type === 'error') enough.reject(new Error(`a write was refused: ${reply.text}`));
        acknowledged++;
        // Half of the writes change old keys: fewer than half of these in the end.
        if (acknowledged * 2 >= this.options.keys) enough.resolve();
        // Without a pause: the kill must hit writes that are under way.
        send();
      }, enough.resolve);
    };
    const timer = setTimeout(enough.resolve, WRITE_MS_MIN + share * (WRITE_MS_MAX - WRITE_MS_MIN));
    for (let i = 0; i < UNDER_WAY; i++) send();
    await enough.promise;
    clearTimeout(timer);
    await this.server.kill9();
    client.close();
    return { acknowledged, sent };
  }

  private write(round: number, n: number): string[] {
    const index = n % 2 === 0 ? this.keys + (n >> 1) : this.place(n >> 1);
    const version = n % 2 === 0 ? 0 : round;
    return ['SET', keyOf(index), storedValue(index, version, this.options.valueBytes)];
  }

  /** The `i`th old key with the value that it must have as of a round. */
  private old(i: number, round: number): { key: string; value: string } {
    const index = this.place(i);
    const version = this.changed.findLastIndex((count, at) => at < round && i < count) + 1;
    return { key: keyOf(index), value: storedValue(index, version, this.options.valueBytes) };
  }

  /** How many writes are there: all that were acknowledged, and none that was not sent. */
  private async keptOf(
    round: number,
    { acknowledged, sent }: { acknowledged: number; sent: number },
  ): Promise<number> {
    const client = await this.server.connect();
    const size = Number(textOf(await client.must('DBSIZE')));
    const added = size - this.keys;
    // Whether the last new key was followed by a change is told by the change alone.
    const index = this.place(Math.max(0, added - 1));
    const last = textOf(await client.must('GET', keyOf(index)));
    client.close();
    const followed = added > 0 && last === storedValue(index, round, this.options.valueBytes);
    const kept = Math.max(0, 2 * added - (followed ? 0 : 1));
    if (kept < acknowledged || kept > sent) {
      throw new Error(
        `round ${round}: ${size} keys, ${this.keys} before, so ${kept} writes are there ` +
          `of ${acknowledged} acknowledged and ${sent} sent`,
      );
    }
    this.keys = size;
    this.changed.push(kept >> 1);
    return kept;
  }

  /** Compares old keys about the last change and at random, and the newest keys. */
  private async compare(round: number, draw: () => number): Promise<void> {
    const { keys, valueBytes } = this.options;
    const last = this.changed.at(-1) ?? 0;
    const first = Math.max(0, last - SAMPLE / 2);
    await compareKeys(this.server, Math.min(SAMPLE, keys - first), (i) =>
      this.old(first + i, round),
    );
    await compareKeys(this.server, SAMPLE, () => this.old(draw(), round));
    const newest = Math.min(SAMPLE, this.keys - keys);
    await compareKeys(this.server, newest, (i) => {
      const index = this.keys - 1 - i;
      return { key: keyOf(index), value: storedValue(index, 0, valueBytes) };
    });
  }
}
