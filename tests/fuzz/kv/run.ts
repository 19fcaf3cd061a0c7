/**
 * The fuzzer by hand. Prints each difference with the commands that show it, and what was run.
 *
 *     node tests/fuzz/kv/run.ts --seed 1 --commands 100000 --findings 20 --families sets,keys
 */
import { parseArgs } from 'node:util';
import { describeFinding, fuzz } from './differential.ts';
import { startPlinthSide, startReference } from './sides.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    commands: { type: 'string', default: '100000' },
    /** End after so many different findings. */
    findings: { type: 'string', default: '20' },
    families: { type: 'string' },
    /** `redis` compares the reference with itself: what is found then is the fuzzer's fault. */
    against: { type: 'string', default: 'plinth' },
    /** Plinth's keys leave memory all the time. */
    cold: { type: 'boolean', default: false },
  },
});
const left = await startReference();
const right =
  values.against === 'redis' ? await startReference() : await startPlinthSide(values.cold);
try {
  const result = await fuzz({
    sides: [left.side, right.side],
    seed: Number(values.seed),
    commands: Number(values.commands),
    findingsMax: Number(values.findings),
    families: values.families?.split(','),
    onProgress: (done, found) => {
      if (done % 50_000 < 1100) console.error(`${done} commands, ${found} differences`);
    },
  });
  for (const finding of result.findings) console.log(`${describeFinding(finding)}\n`);
  const { tally } = result;
  console.log(
    `${result.commands} commands in ${result.rounds} rounds, ${tally.commands.size} different, ` +
      `${tally.errors} error replies, ${result.findings.length} differences`,
  );
  for (const [reason, count] of tally.explained) console.log(`explained ${count}: ${reason}`);
} finally {
  await Promise.all([left.stop(), right.stop()]);
}
