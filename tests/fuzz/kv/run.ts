/**
 * The fuzzer by hand: `node tests/fuzz/kv/run.ts [seed] [commands] [findings]`.
 * Prints each difference with the commands that show it, and what was run.
 */
import { describeFinding, fuzz } from './differential.ts';
import { sideOf, startPlinthSide, startReference } from './sides.ts';

const [seed = '1', commands = '100000', findings = '20', against = 'plinth'] =
  process.argv.slice(2);
const left = await startReference();
const second = against === 'redis' ? await startReference() : undefined;
const right =
  second === undefined ? await startPlinthSide() : { side: sideOf(second), stop: second.stop };
try {
  const result = await fuzz({
    sides: [sideOf(left), right.side],
    seed: Number(seed),
    commands: Number(commands),
    findingsMax: Number(findings),
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
