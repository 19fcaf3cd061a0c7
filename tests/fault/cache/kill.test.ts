/** kill -9 while records are put, segments leave and purges are made: nothing wrong or torn is found afterwards. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DiskRecord, DiskTier } from '../../../src/cache/ssd/index.ts';
import { createSimRandom } from '../../../src/core/runtime/sim/index.ts';
import { startChild, temporaryFolder, waitUntil } from '../../support/process.ts';
import { bodyOf, hashOf, KEYS, metaOf, openTier } from './records.ts';

const writer = fileURLToPath(import.meta.resolve('./writer.ts'));
const root = temporaryFolder('plinth-cache-kill');
after(() => root.remove());

const ROUNDS = 8;

/** What was told before the process was killed. */
interface Told {
  /** The last version of each key that was stored. */
  readonly stored: Map<number, number>;
  readonly purged: { readonly key: number; readonly sequence: number }[];
  version: number;
}

async function writeAndKill(ms: number, told: Told): Promise<void> {
  const child = startChild(process.execPath, [writer, root.path, String(told.version)]);
  let output = '';
  child.process.stdout?.setEncoding('latin1').on('data', (chunk: string) => {
    output += chunk;
  });
  // From its first word on, or within its start.
  if (ms % 4 !== 0) {
    await waitUntil('the first word', () => output !== '' || child.hasExited());
  }
  await wait(ms);
  child.process.kill('SIGKILL');
  assert.equal(await child.exited, 'SIGKILL', child.output());
  for (const line of output.slice(0, output.lastIndexOf('\n') + 1).split('\n')) {
    const [what, first, second] = line.split(' ');
    const key = Number(first);
    const number = Number(second);
    if (what === 'stored') {
      told.stored.set(key, number);
      told.version = Math.max(told.version, number + 1);
    } else if (what === 'purged') told.purged.push({ key, sequence: number });
  }
  // What was put and not told of must not be put again with another body.
  told.version += 20_000;
}

function readAll(tier: DiskTier, record: DiskRecord): Promise<Buffer> {
  const pieces: Buffer[] = [];
  return new Promise((resolve, reject) => {
    tier.readBody(
      record,
      { from: 0, to: record.bodyBytes },
      {
        onPiece: (piece) => pieces.push(piece) > 0,
        onEnd: (problem) =>
          problem === null ? resolve(Buffer.concat(pieces)) : reject(new Error(problem)),
      },
    );
  });
}

/** @returns how many records are found. */
async function check(told: Told): Promise<number> {
  const tier = await openTier(root.path);
  let found = 0;
  try {
    const known = new Set(tier.purges().map(({ sequence }) => sequence));
    for (let key = 0; key < KEYS; key++) {
      const { hashLow, hashHigh } = hashOf(key);
      const record = await tier.find(hashLow, hashHigh, () => true);
      if (record === null) continue;
      found++;
      const version = Number(String(record.meta).split('/')[1]);
      assert.ok(record.meta.equals(metaOf(key, version)), `meta of ${key}`);
      const body = await readAll(tier, record);
      assert.ok(body.equals(bodyOf(key, version)), `body of ${key}, version ${version}`);
      assert.ok(version >= (told.stored.get(key) ?? 0), `${key} is not older than what was stored`);
      for (const purge of told.purged) {
        if (purge.key !== key || purge.sequence <= record.sequence) continue;
        assert.ok(known.has(purge.sequence), `purge ${purge.sequence} of ${key} is known`);
      }
    }
    assert.equal(tier.stats().counts.damaged, 0);
  } finally {
    await tier.close();
  }
  return found;
}

test('kill -9 at any moment leaves no wrong and no torn record, and no purge that was answered is lost', async (t) => {
  const random = createSimRandom(Number(process.env.PLINTH_CACHE_SEED ?? 1));
  const told: Told = { stored: new Map(), purged: [], version: 1 };
  let found = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await writeAndKill(5 + random.below(400), told);
    found = await check(told);
  }
  t.diagnostic(
    `${found} records found, ${told.stored.size} keys stored, ${told.purged.length} purges`,
  );
  assert.ok(found > KEYS / 4);
  assert.ok(told.purged.length > ROUNDS);
});
