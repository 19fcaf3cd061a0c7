/**
 * A process that puts records into a disk tier for ever, to be killed:
 *
 *     node writer.ts <folder> <first version>
 *
 * It prints `stored <key> <version>` when a record is told to be stored and `purged <key> <sequence>` when a purge is
 * told to be durable. What a record holds follows from its key and version (records.ts).
 */
import { setTimeout as wait } from 'node:timers/promises';
import { bodyOf, hashOf, KEYS, metaOf, openTier } from './records.ts';

const [, , folder = '', first = '1'] = process.argv;
const tier = await openTier(folder);
let version = Number(first);
let sequence = tier.sequenceMax + 1;

function purge(key: number): void {
  const mine = ++sequence;
  tier.appendPurge(mine, Buffer.from(`${key}`)).then(
    () => process.stdout.write(`purged ${key} ${mine}\n`),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
}

for (;;) {
  const mine = version++;
  const key = (mine * 31) % KEYS;
  tier.put({
    ...hashOf(key),
    tag: 0,
    sequence,
    meta: metaOf(key, mine),
    body: [bodyOf(key, mine)],
    done: (stored) => {
      if (stored) process.stdout.write(`stored ${key} ${mine}\n`);
    },
  });
  if (mine % 50 === 0) purge((mine * 7) % KEYS);
  const { hashLow, hashHigh } = hashOf(mine % 20);
  if (mine % 10 === 0) void tier.find(hashLow, hashHigh, () => true);
  if (mine % 8 === 0) await wait(0);
}
